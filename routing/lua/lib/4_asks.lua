-- Asking a colleague into a call: transfers and consults are offers beside it; its state, place and owner stay (L10).
--
-- Of a call: `asks` such offers that are open; `private` the caller is on hold so that owner and consult can talk alone.
-- Of an offer: `by` who asks, `way` what was asked for.

-- May be asked now: free as for any offer, let to this line's callers, and has not just declined this one.
local function may(c, s, line)
  return B.routable(s)
    and B.has_word(s.lanes, line.anyone[1]) -- guard: ask_lane
    and not B.excluded(s, c.id) -- guard: ask_excluded
end

-- The one who is named, or who is idle for longest in one of the lanes. `up`: the line to whose people the call goes.
function B.find_colleague(c, to, lanes, up)
  local line = up and B.config().lines[up] or B.line(c)
  local named = to ~= '' and B.spec(to)
  if to ~= '' then return named and may(c, named, line) and named or nil end
  local found, since
  for _, lane in ipairs(lanes) do
    local got = redis.call('ZRANGE', P .. 'idle:' .. lane, 0, 16, 'WITHSCORES')
    for i = 1, #got, 2 do
      local s, at = B.spec(string.sub(got[i], 3)), tonumber(got[i + 1])
      if may(c, s, line) and (not found or at < since or (at == since and s.id < found.id)) then found, since = s, at end
    end
  end
  return found
end

function B.ask(c, s, kind, by, way)
  local o = B.propose(c, s, kind, by)
  B.set(o, { way = way })
  B.set(c, { asks = B.add_word(c.asks, o.id) })
  return o
end

-- Takes back what is open of them; who had them is free for the next.
function B.unask(c, cause)
  local freed = {}
  for _, id in ipairs(B.words(c.asks)) do
    local _, s = B.end_offer(B.load('offer', id), 'rescinded', cause)
    freed[#freed + 1] = s
  end
  return freed
end

-- Somebody of ours beside the owner is in the room, or at its door.
function B.consulting(c)
  for _, id in ipairs(B.words(c.team)) do
    local s = B.spec(id)
    local near = s.estate == 'talking' or (s.estate == 'connecting' and (s.newleg or '') ~= '')
    if id ~= c.owner and s.erole == 'consult' and near then return true end
  end
  return false
end

-- A consult is asked for in private: as their leg asks for the room the caller is put on hold, with words. Whom the
-- owner had put on hold before stays there until the owner says otherwise.
function B.in_private(c, s)
  local asked = s.erole == 'consult' and B.load('offer', s.eoffer).kind == 'consult'
  if not asked or c.state ~= 'talking' or B.held(c) > 0 then return end
  if B.hold(c, c.owner, true) then B.set(c, { private = '1' }) end
end

-- Nobody is left to talk with in private: the caller comes back.
function B.private_over(c)
  if c.private ~= '1' or c.inroom ~= '1' or B.consulting(c) then return end
  B.hold(c, c.owner or '', false)
end

-- The colleague is in the room and hears it. Where the owner has been lost meanwhile they are the relief (L8).
function B.company(c, s)
  if s.erole ~= 'consult' or s.estate ~= 'connecting' then return end
  B.offer_state(B.load('offer', s.eoffer), 'connected', 'joined')
  B.eng_state(s, 'talking', 'joined')
  B.watch(s)
  if B.num(c.lost) > 0 then B.relieve(c, s) end
end
