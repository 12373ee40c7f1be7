-- supervise: a lead listens to a call, whispers to its owner or joins aloud (L10); asked again, the mode changes.
-- KEYS[1] meta. ARGV[4] {call, profile, mode: listen|whisper|barge, tab, token}. Returns an answer; data {token, joined, mode}.
local ROOM = { connecting = true, talking = true, reconnecting = true, agency_only = true }

-- Whoever was being offered a caller gives them back at once.
local function give_back(s)
  local o = B.load('offer', s.offer or '')
  if o.state ~= 'offered' then return end
  local c = B.end_offer(o, 'declined', 'supervising')
  B.duty(s, 'idle', c.id)
  return c
end

-- Another tab brings a leg of its own; the same one repeating itself gets the same token.
local function token(s, a)
  if s.wtab ~= a.tab then B.set(s, { wtoken = a.token, wtab = a.tab, wused = '' }) end
  return s.wtoken
end

-- Whoever is in a call of their own, wraps up or recovers is left alone.
local function free(s)
  return (s.ecall or '') == '' and ((s.wcall or '') ~= '' or s.duty == 'idle' or s.duty == 'offered')
end

local function begin(c, s, a)
  if (s.wcall or '') ~= '' then
    local before = B.load('call', s.wcall)
    B.complete_leg(before, s.wsid, 'lead')
    B.watch_forget(before, s, 'elsewhere')
  end
  local given = give_back(s)
  B.watch_begin(c, s, a.mode, a.token, a.tab)
  if given then B.match_call(given) end
  return B.answer(true, '', { token = s.wtoken, joined = false, mode = a.mode })
end

function B.move(a)
  local c = B.call(a.call)
  if not c then return B.answer(false, 'unknown') end
  local s = B.profile(a.profile)
  if s.role ~= 'lead' then return B.answer(false, 'not_yours') end -- guard: lead_only
  if not free(s) then return B.answer(false, 'busy') end -- guard: lead_free
  if not ROOM[c.state] or (c.room or '') == '' then return B.answer(false, 'no_room') end -- guard: lead_room
  if a.mode == 'whisper' and not B.watch_may_whisper(c) then return B.answer(false, 'nobody_to_coach') end -- guard: lead_ear
  if s.wcall ~= c.id then return begin(c, s, a) end
  B.watch_mode(c, s, a.mode)
  if s.wused == s.wtoken and s.wtab == a.tab then return B.answer(true, '', { token = '', joined = true, mode = a.mode }) end
  return B.answer(true, '', { token = token(s, a), joined = false, mode = a.mode })
end
