-- Calls: change of state, class, the wait plan, the backup line, the end.

-- States in which the wait plan goes on.
local PLANNED = { waiting = true, offered = true, backup_ringing = true, callback = true }

function B.call(id)
  local c = B.load('call', id)
  if c.state then return c end
end

-- Who rings, as far as `caller` says it. True when that is more than was known.
local function known(c, caller)
  if not caller or caller == cjson.null or (c.nc or '') ~= '' then return false end
  local cipher = caller.number_cipher or ''
  if cipher == '' and (c.wh or caller.withheld == nil) then return false end
  B.set(c, { nh = caller.number_hash or '', nc = cipher, wh = caller.withheld and '1' or '', ver = caller.verification or '' })
  if c.nh == '' or c.wh == '1' then return true end
  local before = redis.call('SET', P .. 'known:' .. c.nh, c.id, 'PX', 86400000, 'GET')
  if before and before ~= c.id then B.set(c, { ret = '1' }) end
  return true
end

-- Of a caller of whom nobody has told yet `withheld` is left out: unknown is not withheld.
local function arrived(c)
  B.emit('call.arrived', c, { sid = c.sid, line = c.line, language = c.lang, number_hash = c.nh or '',
    number_cipher = c.nc or '', withheld = c.wh and c.wh ~= '', verification = c.ver or '', arrived_ms = B.num(c.a),
    counter = B.num(c.counter), returning = c.ret == '1', cls = c.cls, resurrected = c.resurrected == '1', via = c.via })
end

-- A call that this board does not know and the record does: the number of its events and marks of its legs, for a while.
function B.past(id)
  local c = B.load('call', id)
  B.set(c, { id = id, resurrected = '1' })
  c._ttl = B.time('keep')
  return c
end

-- What this board says of a call that is not its own from the first ring on, others may have said before: it is rebuilt, or
-- older than the epoch. Told twice, it is one fact.
function B.retold(c) return c.resurrected == '1' or c.epoch ~= B.epoch or nil end

-- Whose conversation broke off a moment ago is at least urgent (section P). A withheld number is like no other (C6).
local function came_back(c)
  if c.resurrected == '1' or (c.nh or '') == '' or c.wh == '1' then return end
  if B.num(redis.call('GET', P .. 'broke:' .. c.nh)) > B.now then B.raise_class(c, 'urgent', 'system', 'returned') end
end

-- It ends without a word of ours: in a conversation that nobody of ours has ended, or after we have lost its specialist.
-- With a peer a caller says goodbye at ease and rings again: there only what we have lost is broken.
local BROKEN = { talking = true, reconnecting = true, agency_only = true }
local function broke_off(c, side)
  if side == 'specialist' or (c.nh or '') == '' or c.wh == '1' then return end
  if c.dropped ~= '1' and (not BROKEN[c.state] or B.line(c).crisis) then return end
  redis.call('SET', P .. 'broke:' .. c.nh, B.now + B.time('returns'), 'PX', B.time('returns'))
end

-- A new row of the board. `fields` carry state, line, lang, cls, a, counter, sid.
function B.create(id, fields, caller)
  local c = B.load('call', id)
  for _, kind in ipairs({ 'call:', 'legs:' }) do redis.call('PERSIST', P .. kind .. id) end -- of `B.past`
  B.set(c, fields)
  B.set(c, { id = id, epoch = B.epoch, since = B.now, seen = B.now, turned = B.now, step = 1, plan = fields.a })
  known(c, caller)
  redis.call('ZADD', P .. 'calls', c.a, id)
  arrived(c)
  came_back(c)
  B.numbered(c)
  if c.cls == 'agency' then -- nobody of whom an agency asks is kept waiting: the backup line as after the danger key
    B.set(c, { press = B.now })
    B.alarm('ring_back', c)
  end
  B.arm(c)
  return c
end

-- A rebuilt call learns who rings: told once more, so that the record has it too.
function B.identify(c, caller)
  if c.resurrected ~= '1' or not known(c, caller) then return end
  arrived(c)
  B.numbered(c)
end

-- Changes the state. What the caller waits for (`cause`) survives offers and doubts.
function B.state(c, to, cause)
  local from = c.state
  if from == to then return end
  local within = to == 'offered' or to == 'doubtful' or (to == 'waiting' and (from == 'offered' or from == 'doubtful'))
  B.set(c, { state = to, since = B.now })
  if not within then B.set(c, { cause = cause }) end
  B.emit('call.state', c, { from = from, to = to, cause = cause })
  B.kin_due(c)
  B.place(c)
  B.arm(c)
end

-- Sets the timers that belong to a caller who waits.
function B.arm(c)
  if c.state == 'waiting' or c.state == 'offered' or c.state == 'greeting' then
    B.at('doubt', c.id, math.max(B.now, B.num(c.seen) + B.time('doubt')))
  else
    B.off('doubt', c.id)
  end
  if not PLANNED[c.state] then return end
  local nxt = B.plan_of(c)[B.num(c.step) + 1]
  if nxt and c.bd ~= '1' then B.at('plan', c.id, math.max(B.now, B.num(c.held_until), B.num(c.plan) + nxt.at)) end
  if not nxt and c.state ~= 'backup_ringing' then
    B.at_last('again', c.id, B.now + B.time(c.state == 'callback' and 'callback_page' or 'backup_again'))
  end
  if B.parallel(c) > 1 and c.anyone ~= '1' then
    B.at('anyone', c.id, math.max(B.now, B.num(c.grave) + B.time('anyone')))
  end
  if B.num(c.press) > 0 and c.dback ~= '1' then
    B.at('dback', c.id, math.max(B.now, B.num(c.press) + B.time('danger_backup')))
  end
end

function B.set_class(c, cls, who, why, id)
  local from = c.cls
  if from == cls then return end
  local grave = B.config().parallel[cls] and not B.config().parallel[from]
  B.set(c, { cls = cls })
  if grave then B.set(c, { grave = B.now }) end
  B.emit('call.class', c, { from = from, to = cls, who = who, why = why, id = id })
  if c.over == '1' then B.judge(c) end
  if c.kin == '1' then B.kin(c.nh) end
  B.kin_due(c)
  B.place(c)
  B.arm(c)
end

function B.raise_class(c, cls, who, why, id)
  if B.config().rank[cls] > B.config().rank[c.cls] then B.set_class(c, cls, who, why, id) end
end

-- The danger key (H6): never lowers. It counts once, and again in a later turn when a person has lowered the class since.
function B.danger(c, turn)
  local rank = B.config().rank
  local before = B.num(c.press) > 0 and (turn <= B.num(c.pressed_turn) or rank[c.cls] >= rank.danger)
  if before or c.state == 'closed' then return end
  B.set(c, { press = B.now, pressed_turn = turn, dback = '' })
  B.emit('call.key', c, { meaning = 'danger', turn = turn })
  B.untake(c, turn)
  -- Told late, of somebody who has gone: nobody can be with them at once, so leads are told (C4).
  B.raise_class(c, c.away == '1' and 'urgent' or 'danger', 'caller', 'key')
  B.alarm('danger', c)
  B.arm(c)
  B.match_call(c)
end

function B.move_caller(c, why) B.effect('move_caller', c, { sid = c.sid, why = why }) end

-- Rings the backup line; the place is kept and an accept still wins (H5).
function B.ring(c, step)
  if c.state == 'callback' then return B.callback_late(c) end
  if c.state ~= 'waiting' and c.state ~= 'offered' then return end
  B.emit('call.plan', c, { step = step, at_s = math.floor((B.now - B.num(c.plan)) / 1000) })
  B.set(c, { past = '1' })
  B.kin_due(c)
  if B.config().backups == 0 then return B.alarm('backup_failed', c) end
  B.set(c, { bi = 0 })
  B.state(c, 'backup_ringing', step)
  B.emit('backup.ringing', c, { index = 0 })
  B.move_caller(c, 'backup')
  B.at('bring', c.id, B.now + B.time('backup_ring'))
end

-- The backup line gave nobody: hold again at the first arrival, and try it again later.
function B.unring(c, cause)
  B.off('bring', c.id)
  B.set(c, { seen = B.now })
  B.state(c, 'waiting', cause)
  if (c.offers or '') ~= '' then B.state(c, 'offered', 'offer') end
  B.at('again', c.id, B.now + B.time('backup_again'))
  B.alarm('backup_failed', c)
  B.match_call(c)
end

-- One number did not answer with the key: the next one, or hold.
function B.next_backup(c, cause)
  local index = B.num(c.bi)
  if index < 0 then return B.unpass(c, cause) end
  B.emit('backup.failed', c, { index = index, cause = cause })
  if index + 1 >= B.config().backups then return B.unring(c, 'backup_failed') end
  B.set(c, { bi = index + 1 })
  B.emit('backup.ringing', c, { index = index + 1 })
  B.at('bring', c.id, B.now + B.time('backup_ring'))
end

function B.on.bring(id)
  local c = B.call(id)
  if c and c.state == 'backup_ringing' then B.next_backup(c, 'timeout') end
end

function B.on.again(id)
  local c = B.call(id)
  if c and c.bd ~= '1' then B.ring(c, 'backup') end
end

function B.on.dback(id)
  local c = B.call(id)
  if not c or c.dback == '1' or not PLANNED[c.state] then return end
  B.set(c, { dback = '1' })
  B.ring(c, 'danger_backup')
end

function B.on.anyone(id)
  local c = B.call(id)
  if not c or not PLANNED[c.state] or B.parallel(c) == 1 then return end
  B.set(c, { anyone = '1' })
  B.place(c)
  B.match_call(c)
end

-- The next steps of the wait plan that are due.
function B.on.plan(id)
  local c = B.call(id)
  if not c or not PLANNED[c.state] then return end
  local nxt = B.plan_of(c)[B.num(c.step) + 1]
  if not nxt or B.num(c.plan) + nxt.at > B.now then return B.arm(c) end
  local again = B.has_word(c.did, nxt.id)
  B.set(c, { step = B.num(c.step) + 1, did = B.add_word(c.did, nxt.id) })
  if again then -- carried out under an earlier version of the plan
    B.place(c)
    B.match_call(c)
  elseif nxt.step == 'backup' then
    B.ring(c, 'backup')
  else
    B.emit('call.plan', c, { step = nxt.step, id = nxt.id, at_s = math.floor(nxt.at / 1000) })
    if nxt.step == 'page' then B.alarm('page', c) end
    if nxt.step == 'partner' and c.state ~= 'callback' then B.ask_partner(c, nxt.partner) end
    if nxt.step == 'callback' then B.set(c, { cb_from = B.num(c.turn) }) end
    B.place(c)
    B.match_call(c)
  end
  B.arm(c)
end

-- The plan of its line may be another one: the call goes on where the steps that it has had leave off, and what is due
-- by now happens at once. A backup line that was tried is tried again as before.
local function replan(c)
  local plan, step = B.plan_of(c), 1
  while plan[step + 1] and B.has_word(c.did, plan[step + 1].id) do step = step + 1 end
  B.set(c, { step = step })
  B.place(c)
  if not PLANNED[c.state] then return end
  B.emit('call.plan', c, { step = 'edited', at_s = math.floor((B.now - B.num(c.plan)) / 1000) })
  if c.bd ~= '1' then B.at('plan', c.id, math.max(B.now, B.num(c.held_until))) end
end

function B.replan_all()
  for _, id in ipairs(redis.call('ZRANGE', P .. 'calls', 0, -1)) do
    local c = B.call(id)
    if c then replan(c) end
  end
end

-- Two hold turns are missing: not offered until heard of again (H2).
function B.on.doubt(id)
  local c = B.call(id)
  if not c or (c.state ~= 'waiting' and c.state ~= 'greeting') or c.bd == '1' then return end
  if c.inroom == '1' and B.num(c.agency) > 0 then B.set(c, { seen = B.now }) end -- with an agency: no turns are made there
  local due = B.num(c.seen) + B.time('doubt')
  if due > B.now then return B.at('doubt', id, due) end
  B.state(c, 'doubtful', 'silent')
end

-- The caller is proved to be there: a turn, or a fetch at the carrier.
function B.present(c, cause)
  B.set(c, { seen = B.now })
  if c.state == 'greeting' or c.state == 'doubtful' then
    B.state(c, 'waiting', cause)
  elseif c.state == 'waiting' or c.state == 'offered' then
    B.place(c)
    B.arm(c)
  end
  if c.state == 'waiting' or c.state == 'offered' then B.match_call(c) end
end

-- The pause after a specialist has left is over: a new wait, with the first arrival's place (L9).
function B.on.left(id)
  local c = B.call(id)
  if not c then return end
  B.place(c)
  if c.state ~= 'waiting' and c.state ~= 'callback' then return end
  B.arm(c)
  B.match_call(c)
end

-- Ends the time that caller and owner had together; a second of it is an answered call.
function B.apart(c, at)
  if B.num(c.tog) == 0 then return end
  if (at or B.now) - B.num(c.tog) >= 1000 and B.num(c.ans) == 0 then B.set(c, { ans = c.tog }) end
  B.set(c, { tog = 0 })
end

function B.outcome(c)
  if B.num(c.ans) > 0 then return 'answered' end
  if c.rolled == '1' then return 'rolled_over' end
  if c.cb == '1' then return 'callback' end
  return 'abandoned'
end

-- The call is over. `side` said who; after the backup's goodbye it is the backup.
function B.close(c, side, cause, ended, status, span)
  B.apart(c, ended)
  local freed = B.rescind(c, 'caller_gone')
  for _, s in ipairs(B.dismiss(c, cause)) do freed[#freed + 1] = s end
  if c.bd == '1' and side ~= 'specialist' then side = 'backup' end
  broke_off(c, side)
  if c.cb == '1' then
    B.unrung(c, c.ring, cause)
    B.forget_callback(c)
  end
  B.set(c, { relief = '', lost = 0, phase = '' })
  B.state(c, 'closed', cause)
  B.emit('call.ended', c, { outcome = B.outcome(c), side = side, cause = cause, ended_ms = ended, carrier_status = status,
    answered_ms = B.num(c.ans) > 0 and B.num(c.ans) or nil, reason = c.end_reason, resurrected = B.retold(c),
    passed_on = (c.passed or '') ~= '' and c.passed or nil,
    earliest_ms = span and span.earliest, latest_ms = span and span.latest })
  for _, kind in ipairs({ 'plan', 'anyone', 'dback', 'again', 'bring', 'left', 'move', 'say', 'relief', 'giveup', 'gone', 'sits' }) do
    B.off(kind, c.id)
  end
  redis.call('ZREM', P .. 'calls', c.id)
  B.leave_kin(c)
  if B.num(c.ans) > 0 and c.wh ~= '1' then B.count(c.line, c.nh, c.id, c.ans) end
  redis.call('ZADD', P .. 'closed', B.now, c.id)
  redis.call('ZREMRANGEBYSCORE', P .. 'closed', '-inf', B.now - B.time('loose'))
  c._ttl = B.time('keep')
  redis.call('PEXPIRE', P .. 'legs:' .. c.id, B.time('keep'))
  B.watch_all_over(c)
  B.check_room(c)
  B.release_all(freed, c.id)
end
