-- Specialists: duty, routability, the sorted sets of idle people, exclusions.

function B.spec(id)
  local s = B.load('spec', id)
  if s.id then return s end
end

-- Present, idle, on shift, heard of in this epoch and lately, and not set aside (design: Routable).
function B.routable(s)
  return s.duty == 'idle'
    and (s.presence == 'available' or s.presence == 'on_demand')
    and s.shift == '1'
    and s.bepoch == B.epoch -- guard: beat_epoch
    and B.now - B.num(s.beat) <= B.time('fresh') -- guard: fresh
    and B.num(s.shy) <= B.now
    and s.unreach ~= '1'
    and (s.claim or '') == ''
    and B.num(s.kept) <= B.now
end

-- Whose place among the idle has changed in this script, and where they stood before it.
local moved = {}

-- Notes whether the person belongs among the idle; true when they do since just now. The sets follow before anybody
-- reads them, since most who become idle are offered a call in the same script.
function B.idle_sync(s)
  local want, had = B.routable(s) and s.lanes or '', s.idle_in or ''
  if want == had then return false end
  if not moved[s] then moved[s] = { lanes = had, member = s.member } end
  B.set(s, { idle_in = want, member = (B.config().levels[s.level] or 1) .. ':' .. s.id })
  return want ~= ''
end

-- Brings the idle sets in line with what was noted.
function B.idle_write()
  for s, before in pairs(moved) do
    for _, lane in ipairs(B.words(before.lanes)) do redis.call('ZREM', P .. 'idle:' .. lane, before.member) end
    for _, lane in ipairs(B.words(s.idle_in)) do redis.call('ZADD', P .. 'idle:' .. lane, s.since, s.member) end
    if s.idle_in ~= '' then
      redis.call('ZADD', P .. 'idle', s.since, s.id)
      B.at('stale', s.id, B.num(s.beat) + B.time('fresh') + 1)
    elseif before.lanes ~= '' then
      redis.call('ZREM', P .. 'idle', s.id)
    end
    moved[s] = nil
  end
end

-- What was noted by something that broke is forgotten with the rest of it.
function B.idle_forget() moved = {} end

function B.duty(s, to, call)
  if s.duty == to then return end
  local from = s.duty
  B.set(s, { duty = to, since = B.now })
  B.emit('specialist.duty', nil, { spec = s.id, from = from, to = to, call = call or '' })
  B.idle_sync(s)
end

function B.presence(s, to, cause)
  if s.presence == to then return end
  local from = s.presence or 'offline'
  B.set(s, { presence = to })
  if from ~= to then B.emit('specialist.presence', nil, { spec = s.id, from = from, to = to, cause = cause }) end
  B.idle_sync(s)
end

-- Takes over what a signed session says of the person.
function B.profile(p)
  local s = B.load('spec', p.spec)
  B.set(s, { id = p.spec, role = p.role, level = p.level, shift = p.on_shift and '1' or '' })
  if s.lanes ~= p.lanes then B.set(s, { lanes = p.lanes }) end
  if not s.duty then B.set(s, { duty = 'idle', since = B.now }) end
  redis.call('SADD', P .. 'specs', p.spec)
  return s
end

-- Keeps the pair apart for `ms` (P2). At most 16 a person, oldest dropped, so that a lane is scanned 17 deep.
function B.exclude(s, call, ms)
  local key = P .. 'excl:' .. s.id
  redis.call('ZREMRANGEBYSCORE', key, '-inf', B.now)
  redis.call('ZADD', key, B.now + ms, call)
  if redis.call('ZCARD', key) > 16 then redis.call('ZREMRANGEBYRANK', key, 0, 0) end
  redis.call('PEXPIRE', key, 120000)
  B.set(s, { excl = math.max(B.num(s.excl), B.now + ms) })
  s._apart = nil
  B.at('excl', s.id .. '|' .. call, B.now + ms)
end

-- Whom this person is kept apart from now, by until when; read once.
local function apart_from(s)
  if not s._apart then
    s._apart = {}
    local got = redis.call('ZRANGE', P .. 'excl:' .. s.id, 0, -1, 'WITHSCORES')
    for i = 1, #got, 2 do s._apart[got[i]] = tonumber(got[i + 1]) end
  end
  return s._apart
end

-- True when this person has just declined this call or failed with it.
function B.excluded(s, call)
  return B.num(s.excl) > B.now and (apart_from(s)[call] or 0) > B.now
end

-- Sets the person aside until they touch the console, `shy` ms at most (P2).
function B.shy(s)
  B.set(s, { shy = B.now + B.time('shy') })
  B.at('shy', s.id, s.shy)
  B.idle_sync(s)
end

function B.on.stale(id)
  local s = B.spec(id)
  if not s then return end
  local due = B.num(s.beat) + B.time('fresh') + 1
  if due > B.now then return B.at('stale', id, due) end
  B.idle_sync(s)
end

function B.on.shy(id)
  local s = B.spec(id)
  if B.idle_sync(s) then B.match_spec(s) end
end

function B.on.excl(id)
  local s = B.spec(string.match(id, '^[^|]+'))
  B.idle_sync(s)
  B.match_spec(s)
end

function B.on.verify() B.match_all() end
