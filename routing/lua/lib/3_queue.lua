-- The queue: who may be offered, in which lanes, with which score; and the match (P1, P2).

local QUEUED = { waiting = true, offered = true, backup_ringing = true, callback = true }

function B.line(c)
  local lines = B.config().lines
  return lines[c.line] or lines[B.config().default]
end

-- The line's wait plan in the caller's language; of who rang outside the opening hours the closed form.
function B.plan_of(c)
  local line, plans = B.line(c), c.closed == '1' and B.config().closed or B.config().plans
  return plans[line.name .. '|' .. (c.lang or '')] or plans[line.name .. '|' .. line.language]
end

function B.parallel(c) return B.config().parallel[c.cls] or 1 end

function B.offers_open(c) return #B.words(c.offers) end

-- The class that counts: who lost a specialist through us is at least urgent (L8), who is beyond a day's limit is behind.
function B.weight(c)
  if c.over == '1' then return 'over' end
  if c.relief == '1' and B.config().rank[c.cls] < B.config().rank.urgent then return 'urgent' end
  return c.cls
end

-- `call`, `relief` or nil: what may be offered of this call now.
function B.wants(c)
  if B.offers_open(c) >= B.parallel(c) then return nil end -- guard: parallel
  if QUEUED[c.state] and c.bd ~= '1' and B.num(c.held_until) <= B.now then
    if c.behind == '1' then return nil end -- guard: behind
    if c.state == 'callback' then return c.away == '1' and 'call' or nil end -- guard: callback_leg
    if c.state == 'backup_ringing' or B.now - B.num(c.seen) < B.time('doubt') then return 'call' end
    return nil
  end
  if c.relief == '1' and (c.helper or '') == '' and (c.state == 'reconnecting' or c.state == 'agency_only') then
    return 'relief'
  end
end

function B.lanes_of(c)
  local plan, everybody = B.plan_of(c), c.anyone == '1' or c.cls == 'agency'
  if B.num(c.step) <= 1 and not everybody then return plan[1].lanes end
  local lanes, seen = {}, {}
  local function add(list)
    for _, lane in ipairs(list) do
      if not seen[lane] then lanes[#lanes + 1] = lane end
      seen[lane] = true
    end
  end
  for i = 1, math.min(#plan, math.max(1, B.num(c.step))) do add(plan[i].lanes) end
  if everybody then add(B.line(c).anyone) end
  return lanes
end

function B.member(c) return string.format('%012d:%s', B.num(c.counter), c.id) end

-- Puts the call into the lanes where it may be offered now, and out of all others.
function B.place(c)
  local lanes, score = '', B.num(c.a) - B.config().head[B.weight(c)]
  if B.wants(c) then lanes = table.concat(B.lanes_of(c), ' ') end
  if lanes == (c.lanes or '') and score == B.num(c.score) then return end
  local member = B.member(c)
  for _, lane in ipairs(B.words(c.lanes)) do redis.call('ZREM', P .. 'lane:' .. lane, member) end
  for _, lane in ipairs(B.words(lanes)) do redis.call('ZADD', P .. 'lane:' .. lane, score, member) end
  B.set(c, { lanes = lanes, score = score })
end

-- How deep a lane is looked into, step by step: the first caller is nearly always the one.
local DEPTHS = { 0, 4, 16 }

-- The first of a lane's callers whom `s` may take, looking 17 deep.
local function head(s, lane)
  local key, first = P .. 'lane:' .. lane, 0
  for _, last in ipairs(DEPTHS) do
    local got = redis.call('ZRANGE', key, first, last, 'WITHSCORES')
    for i = 1, #got, 2 do
      local call = string.sub(got[i], 14)
      if not B.excluded(s, call) then return call, tonumber(got[i + 1]), got[i] end -- guard: excluded
    end
    if #got == 0 then return nil end
    first = last + 1
  end
end

local function least(s)
  local best, score, member
  for _, lane in ipairs(B.words(s.lanes)) do
    local call, e, m = head(s, lane)
    if call and (not best or e < score or (e == score and m < member)) then best, score, member = call, e, m end
  end
  return best and B.load('call', best)
end

-- The caller with the least score among those waiting whom `s` may take (P1). Whose timer is late is doubtful here and
-- leaves the lanes, before anybody behind them is offered.
function B.best(s)
  local c = least(s)
  while c and not B.wants(c) do
    B.on.doubt(c.id)
    B.place(c)
    c = least(s)
  end
  return c
end

-- Who is free of those whose handoffs are open, the latest first: an agency that rings back wants them (C2).
local function handoff_owner(c, besides)
  for _, id in ipairs(redis.call('ZREVRANGE', P .. 'handoffs', 0, 15)) do
    local s = B.spec(B.load('handoff', id).by or '')
    if s and s.id ~= besides and B.routable(s) and not B.excluded(s, c.id) then return s end
  end
end

-- Enough hard calls in a row: the next one is for somebody else, if anybody else is free.
local function spared(id) return B.num(redis.call('HGET', P .. 'spec:' .. id, 'hard')) >= B.config().hard end

local function before(a, b)
  if a.rank ~= b.rank then return a.rank < b.rank end
  if a.since ~= b.since then return a.since < b.since end
  return a.id < b.id
end

-- Somebody idle who may take `c`; level for the class, then who was there before, then longest idle, order them.
function B.find_person(c, besides)
  local own = c.cls == 'agency' and handoff_owner(c, besides)
  if own then return own end
  local prefer, hard = B.config().prefer[c.cls] or {}, B.config().parallel[c.cls]
  local found, seen = {}, {}
  B.idle_write()
  for _, lane in ipairs(B.lanes_of(c)) do
    local got = redis.call('ZRANGE', P .. 'idle:' .. lane, 0, 16, 'WITHSCORES')
    for i = 1, #got, 2 do
      local id = string.sub(got[i], 3)
      if not seen[id] and id ~= besides then
        seen[id] = true
        local rank = (prefer[string.sub(got[i], 1, 1)] or 0) * 2 + (id == c.before and 0 or 1)
        if hard and spared(id) then rank = rank + 100 end
        found[#found + 1] = { id = id, rank = rank, since = tonumber(got[i + 1]) }
      end
    end
  end
  while #found > 0 do -- nearly always once: sorting all of them would cost more
    local first = 1
    for i = 2, #found do
      if before(found[i], found[first]) then first = i end
    end
    local s = B.spec(table.remove(found, first).id)
    if B.routable(s) and not B.excluded(s, c.id) then return s end
  end
end

-- Offers to idle people while this call wants more of them. Each takes the best for them, which may be another call.
function B.match_call(c)
  if B.verifying() then return end -- guard: verify_call
  for _ = 1, 40 do
    if not B.wants(c) then return end
    local s = B.find_person(c)
    local best = s and B.best(s)
    if not best then return end
    B.offer(best, s)
  end
end

-- A person who is free takes the head of their lanes.
function B.match_spec(s)
  if B.verifying() or not B.routable(s) then return end -- guard: verify_spec
  local c = B.best(s)
  if c then B.offer(c, s) end
end

function B.match_all()
  B.idle_write()
  for _, id in ipairs(redis.call('ZRANGE', P .. 'idle', 0, -1)) do B.match_spec(B.spec(id)) end
end
