-- Calls of one number: several at once (C6), and how many were connected on a line that limits them in a day.
--
-- `nums:<number hash>` its live calls by arrival counter; `met:<line>|<number hash>` its connected calls by when; `marks`
-- number hashes to which no limit applies. Nobody is limited before the marks were told to this epoch (meta `marks`).
-- Of a call: `kin` other calls of its number were here with it; `behind` it waits behind an earlier one; `past` its plan
-- has come to the human line, it waits behind nobody any more; `over` beyond the day's limit; `day` when the day began.

-- Withheld, shared and flagged numbers are never limited, and nobody whom we cannot tell from them (C6).
function B.limited(c)
  if B.meta.marks ~= B.epoch then return false end -- guard: marks_told
  if redis.call('HEXISTS', P .. 'marks', c.nh or '') == 1 then return false end -- guard: marked
  return (c.nh or '') ~= '' and c.wh ~= '1'
end

-- Live with its own place or person; one that nobody is sure of, or that lost its specialist, keeps nobody back.
local AHEAD = { greeting = true, waiting = true, offered = true, connecting = true, talking = true, backup_ringing = true,
  backup_talking = true }

local function stands_behind(c, ahead)
  if ahead < B.config().rank[c.cls] then return false end -- guard: behind_class
  if c.cls == 'agency' or B.config().parallel[c.cls] then return false end -- guard: behind_grave
  if c.past == '1' then return false end -- guard: behind_past
  if c.state == 'callback' then return false end -- a person rings them back when it is their turn
  return B.limited(c)
end

local function behind(c, on)
  if (c.behind == '1') == on then return false end
  B.set(c, { behind = on and '1' or '' })
  B.emit('call.behind', c, { on = on })
  B.place(c)
  return not on
end

-- Of the calls of this number each waits behind those before it in its own or a graver class. Returns who waits so no more.
function B.kin(nh)
  local ahead, freed = 0, {}
  for _, id in ipairs(redis.call('ZRANGE', P .. 'nums:' .. nh, 0, 31)) do
    local c = B.call(id)
    if c and c.state ~= 'closed' then
      if behind(c, stands_behind(c, ahead)) then freed[#freed + 1] = c end
      local here = AHEAD[c.state] and (c.state ~= 'talking' or c.inroom == '1') -- else it has left: this may be its return
      local rank = here and B.config().rank[c.cls] or 0
      if rank > ahead then ahead = rank end
    end
  end
  return freed
end

-- Something about one of them has changed: the others are looked at next.
function B.kin_due(c)
  if c.kin == '1' then B.at('kin', c.nh, B.now) end
end

function B.on.kin(nh)
  for _, c in ipairs(B.kin(nh)) do B.match_call(c) end
end

-- A call whose number is known now stands among its number's calls.
function B.join_kin(c)
  if (c.nh or '') == '' or c.wh == '1' then return end
  local key = P .. 'nums:' .. c.nh
  redis.call('ZADD', key, c.counter, c.id)
  redis.call('PEXPIRE', key, 86400000)
  if redis.call('ZCARD', key) == 1 then return end
  for _, id in ipairs(redis.call('ZRANGE', key, 0, 31)) do
    local o = B.call(id)
    if o then B.set(o, { kin = '1' }) end
  end
  if #B.kin(c.nh) > 0 then B.kin_due(c) end
end

function B.leave_kin(c)
  if (c.nh or '') == '' or c.wh == '1' then return end
  redis.call('ZREM', P .. 'nums:' .. c.nh, c.id)
  B.kin_due(c)
end

local MET_MS = 180000000 -- two days and two hours: the longest that a day may still matter

-- A call of this number was connected on a line that limits them: once a call.
function B.count(line, nh, call, at)
  local l = B.config().lines[line]
  if not l or B.num(l.limit) == 0 or (nh or '') == '' then return end
  redis.call('ZADD', P .. 'met:' .. line .. '|' .. nh, 'NX', at, call)
  redis.call('PEXPIRE', P .. 'met:' .. line .. '|' .. nh, MET_MS)
end

-- Connected here as often today as the line's data allow: behind the others then, never away.
function B.judge(c)
  local limit = B.num(B.line(c).limit)
  local over = limit > 0 and c.cls == 'warm' and B.limited(c)
    and redis.call('ZCOUNT', P .. 'met:' .. c.line .. '|' .. c.nh, B.num(c.day), '+inf') >= limit
  if (c.over == '1') == over then return end
  B.set(c, { over = over and '1' or '' })
  B.emit('call.limit', c, { on = over, limit = limit })
  B.place(c)
end

-- The caller's number is known.
function B.numbered(c)
  B.join_kin(c)
  B.judge(c)
end

-- The call of a warm line is the crisis line's from now on, with its first arrival; `cls` at least. Offers to peers end.
function B.to_crisis(c, cls, who, why, id, closed)
  local from, to = c.line, B.line(c).crisis
  local freed = B.rescind(c, 'crisis')
  B.set(c, { line = to, closed = closed and '1' or '', step = 1, did = '', plan = B.now })
  B.off('again', c.id)
  B.emit('call.line', c, { from = from, to = to, who = who, why = why })
  B.raise_class(c, cls, who, why, id)
  B.judge(c)
  B.place(c)
  B.arm(c)
  B.match_call(c)
  B.release_all(freed, c.id)
end
