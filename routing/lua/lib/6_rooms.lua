-- Legs and rooms: who is in, what that means, and when a room is ended (L1, L5).

local ALONE = { waiting = true, offered = true, doubtful = true }
local RUNG = { agency = true, interpreter = true }
local HUMAN = { owner = true, relief = true, consult = true, agency = true }

-- The legs of a call by SID. Marks of callbacks already seen share the hash, with a bar in their name.
function B.legs(c)
  if c._legs then return c._legs end
  local legs, flat = {}, redis.call('HGETALL', P .. 'legs:' .. c.id)
  for i = 1, #flat, 2 do
    if not string.find(flat[i], '|', 1, true) then legs[flat[i]] = cjson.decode(flat[i + 1]) end
  end
  c._legs = legs
  return legs
end

function B.save_leg(c, sid, leg)
  B.legs(c)[sid] = leg
  redis.call('HSET', P .. 'legs:' .. c.id, sid, cjson.encode(leg))
  if c.state == 'closed' then redis.call('PEXPIRE', P .. 'legs:' .. c.id, B.time('keep')) end
  B.recount(c)
end

-- Keeps `ro` (the caller belongs in the room) and `agency` (agency legs in it) right.
function B.recount(c)
  local open, agency = '', 0
  for _, leg in pairs(B.legs(c)) do
    if leg.joined and not leg.dead and HUMAN[leg.role] and not B.has_word(c.oldrooms, leg.room_sid or '-') then
      open = '1'
      if leg.role == 'agency' then agency = agency + 1 end
    end
  end
  B.set(c, { ro = open, agency = agency })
end

-- An agency is in the room, or being rung into it (L5: an outbound room is left alone).
function B.agency_near(c) return B.num(c.agency) > 0 or (c.dialling or '') ~= '' end

function B.dial(c, handoff, nonce, to)
  if c.state == 'closed' or (c.state or '') == '' or (c.room or '') == '' then return false end -- guard: dial_room
  B.set(c, { dialling = B.add_word(c.dialling, handoff) })
  B.at('dialled', c.id .. '|' .. handoff, B.now + B.time('dial'))
  B.effect('dial_agency', c, { room = c.room or '', room_sid = c.room_sid or '', handoff = handoff,
    label = 'agency_' .. handoff .. '_' .. nonce, to_cipher = to }, 60000)
  return true
end

-- An agency comes into a room that the caller is not in: they wait again, and belong with it meanwhile.
function B.gather(c)
  if ALONE[c.state] and c.inroom ~= '1' then B.move_caller(c, 'connect') end
end

-- The agency has come, or will not: without one a caller's end is the call's end.
function B.dialled(c, handoff)
  if not B.has_word(c.dialling, handoff) then return end
  B.set(c, { dialling = B.drop_word(c.dialling, handoff) })
  B.off('dialled', c.id .. '|' .. handoff)
  if B.agency_near(c) then return end
  if c.state == 'agency_only' then
    return B.close(c, c.side or 'caller', 'agency_left', B.num(c.gone_ms), c.status or '')
  end
  B.check_room(c)
end

function B.on.dialled(id)
  local call, handoff = string.match(id, '^([^|]+)|(.*)$')
  local c = B.call(call)
  if c then B.dialled(c, handoff) end
end

-- True of a leg that came second under its agency's label: two executors have rung at once. The first binds the label,
-- the twin is completed and counts for nothing (L3).
function B.twin(c, sid, label)
  local key, field = P .. 'legs:' .. c.id, 'B|' .. label
  redis.call('HSETNX', key, field, sid)
  local bound = redis.call('HGET', key, field)
  if bound == sid then return false end
  local first, leg = B.legs(c)[bound], B.legs(c)[sid]
  if first and first.ended then
    redis.call('HSET', key, field, sid)
    return false
  end
  if leg and not leg.dead and not leg.ended then B.complete_leg(c, sid, leg.role) end
  return true
end

-- Finds the call of a softphone's leg, whose progress callbacks name no call.
function B.remember_leg(sid, call) redis.call('SET', P .. 'legof:' .. sid, call, 'PX', B.time('keep') * 5) end

function B.call_of_leg(sid) return redis.call('GET', P .. 'legof:' .. sid) or '' end

-- True the first time this callback is seen.
function B.once(c, mark, ...)
  return redis.call('HSETNX', P .. 'legs:' .. c.id, mark .. '|' .. table.concat({ ... }, '|'), '1') == 1
end

function B.parse_label(label)
  local role, who = string.match(label, '^([a-z]+)_(.+)_[^_]*$')
  return role or '', who or ''
end

function B.complete_leg(c, sid, role)
  if (sid or '') == '' then return end
  local leg = B.legs(c)[sid]
  if leg and leg.ended then return end
  if leg then
    leg.dead = true
    B.save_leg(c, sid, leg)
  end
  B.effect('complete_leg', c, { sid = sid, role = role }, 60000)
end

-- A stamp is the carrier's own, or was supplied without its callback: then the truth lies in its span.
function B.span(earliest, latest) return { earliest = math.min(earliest, latest), latest = latest } end

-- What the reconciler has told: a span, or nothing where the stamp is the carrier's.
function B.told(a) return a.earliest_ms and a.latest_ms and B.span(a.earliest_ms, a.latest_ms) or nil end

-- As `once`; but after a supplied stamp the carrier's own is news.
function B.better(c, span, mark, ...)
  local key, field = P .. 'legs:' .. c.id, mark .. '|' .. table.concat({ ... }, '|')
  local had = redis.call('HGET', key, field)
  if had and (span or had ~= 's') then return false end
  redis.call('HSET', key, field, span and 's' or '1')
  return true
end

function B.stamp(kind, c, data, at, span)
  data.at_ms, data.resurrected = at or span and span.latest or B.now, B.retold(c)
  if span then data.earliest_ms, data.latest_ms = span.earliest, span.latest end
  B.emit(kind, c, data)
end

-- Writes that a leg has come into a room, or gone: also where the carrier's own word for it was lost and something
-- later (its leave, its end, the room's end) says so.
function B.came(c, sid, leg, at, span)
  if not B.better(c, span, 'j', sid, leg.label or '') then return end
  B.stamp('leg.joined', c, { sid = sid, role = leg.role, who = leg.who, label = leg.label, room = leg.room or c.room or '',
    room_sid = leg.room_sid or '' }, at, span)
end

-- A join that nobody has told was after the leg asked for its room, or after the best that is known of its coming.
function B.went(c, sid, leg, at, span)
  local by = span and span.latest or (at or B.now) + B.time('rounding')
  local from = leg.asked or leg.at or c.a
  B.came(c, sid, leg, math.min(B.num(leg.at or by), by), B.span(B.num(from), by))
  if not B.better(c, span, 'l', sid, leg.label or '') then return end
  B.stamp('leg.left', c, { sid = sid, role = leg.role, label = leg.label, reason = '' }, at, span)
end

-- A leave that nobody has told: a leg out of its room asks for its next document, or ends, before long.
function B.just_before(leg, at)
  return B.span(math.max(B.num(leg.at), at - B.time('asks_on')), at + B.time('rounding'))
end

-- A leg has ended: it has gone from where it was, if nobody has said so yet.
function B.ended(c, sid, leg, at, span)
  if leg.joined then
    local by = leg.out_by or at or B.now
    local from = B.just_before(leg, span and not leg.out_by and span.earliest or by).earliest
    B.went(c, sid, leg, by, B.span(from, span and span.latest or by + B.time('rounding')))
  elseif leg.left_label then
    B.went(c, sid, leg, leg.left_at, leg.left_from and B.span(leg.left_from, leg.left_at + B.time('rounding')))
  end
end

-- Caller and owner are in one room as far as anybody can know, though no callback has said so yet: since then, ms.
function B.presume_together(c, at)
  local s = B.owner(c)
  if not at or B.num(c.tog) > 0 or not s or s.there ~= '1' or s.ecall ~= c.id then return end
  B.set(c, { tog = math.max(at, B.num(s.join_at)) })
end

-- The same of a stay that was over before anybody told of it: with the owner of now, and with the one who left last.
function B.were_together(c, from, to)
  if not from then return end
  local s = B.owner(c)
  if s and s.there == '1' and s.ecall == c.id then B.met(c, math.max(from, B.num(s.join_at)), to) end
  if B.num(c.own_to) > 0 then B.met(c, math.max(from, B.num(c.own_from)), math.min(to, B.num(c.own_to))) end
end

-- Caller and an owner had this time together: a second of it is an answered call.
function B.met(c, from, to)
  if to - from >= 1000 and (B.num(c.ans) == 0 or from < B.num(c.ans)) then B.set(c, { ans = from }) end
end

-- The turn that a caller's label carries; 0 of anybody else's.
function B.turn_of(label) return tonumber(string.match(label, '^caller_.*_(%d+)$') or '0') end

-- When a caller was answered with the room under this label, ms; nil where unknown.
function B.shown_at(c, label)
  return tonumber(redis.call('HGET', P .. 'legs:' .. c.id, 'D|' .. B.turn_of(label)) or nil)
end

-- A coming that was known is told again: no news but a better stamp.
local function restamp(c, sid, leg, at)
  leg.at = at
  B.save_leg(c, sid, leg)
  local s = B.owner(c)
  if leg.role == 'caller' then B.set(c, { in_at = at }) elseif s and s.legsid == sid then B.set(s, { join_at = at }) end
  if s and B.num(c.tog) > 0 then B.set(c, { tog = math.max(B.num(s.join_at), B.num(c.in_at)) }) end
end

-- When a leg came whose coming was supplied: it is in its room as soon as it has been answered with it.
function B.likeliest(c, leg, label, at, span)
  local answered = span and (B.shown_at(c, label) or leg.asked)
  return answered and math.max(span.earliest, math.min(span.latest, answered)) or at
end

-- A leg is in a room: the carrier said so.
function B.leg_in(c, sid, label, room, room_sid, at, span)
  local role, who = B.parse_label(label)
  local leg = B.legs(c)[sid] or { role = role, who = who, label = label }
  at = B.likeliest(c, leg, label, at, span)
  if not B.once(c, 'J', sid, label, room_sid, at or '') then return end -- guard: join_once
  B.came(c, sid, { role = role, who = who, label = label, room = room, room_sid = room_sid }, at, span)
  local turn = B.turn_of(label)
  if turn > B.num(c.turn) then B.set(c, { turn = turn }) end -- of a rebuilt call: its next stay has a label of its own
  local earlier = turn > 0 and turn < B.turn_of(leg.label or '') and leg.room_sid == room_sid
  if role == 'caller' and earlier then -- an earlier stay, told late: it changes nothing now
    return B.were_together(c, at or B.shown_at(c, label), B.num(leg.at))
  end
  if leg.joined and leg.label == label and leg.room_sid == room_sid and not leg.out_by then
    if at and not span then restamp(c, sid, leg, at) end
    return
  end
  local same_stay = leg.left_label == label and (leg.left_room == '' or leg.left_room == room_sid)
  local late = same_stay and (role ~= 'caller' or (at or B.now) <= B.num(leg.left_at))
  if leg.ended or late then return end -- guard: join_after_leave
  if leg.joined and leg.out_by and leg.label ~= label then
    B.went(c, sid, leg, leg.out_by, B.just_before(leg, leg.out_by))
  end
  leg.joined, leg.label, leg.room_sid, leg.at, leg.out_by = true, label, room_sid, at or B.now, nil
  B.save_leg(c, sid, leg)
  if B.has_word(c.oldrooms, room_sid) then return B.astray(c, role) end -- guard: old_room
  if (c.room_sid or '') == '' then B.set(c, { room_sid = room_sid }) end
  if RUNG[role] and B.twin(c, sid, label) then return end -- guard: twin_joined
  if role == 'caller' then
    B.caller_in(c, at)
  elseif role == 'owner' or role == 'relief' or role == 'consult' then
    B.specialist_in(c, who, sid, role, at)
  elseif role == 'agency' then
    B.dialled(c, who)
    B.gather(c)
    B.settle(c)
  elseif role == 'lead' then
    B.watch_in(c, who, sid)
  elseif role == 'interpreter' then
    B.interpreter_in(c, sid, label)
  end
end

-- A caller who came into a room of before is sent to where they belong.
function B.astray(c, role)
  if role == 'caller' and c.state ~= 'closed' then B.move_caller(c, c.ro == '1' and 'connect' or 'hold') end
end

function B.caller_in(c, at)
  B.set(c, { inroom = '1', in_at = at or B.now })
  B.off('move', c.id)
  if c.ro ~= '1' and c.state ~= 'closed' then B.move_caller(c, 'hold') end
  local s = B.owner(c)
  if c.state == 'reconnecting' and s and s.there ~= '1' then B.heir(c, s) end
  B.settle(c)
end

-- A specialist's leg is in: theirs of now, or a ghost that is completed.
function B.specialist_in(c, who, sid, role, at)
  local s = B.spec(who)
  if not s or s.ecall ~= c.id or (s.newleg ~= sid and s.legsid ~= sid) then
    if s and s.ecall == c.id and s.presumed == '1' then return B.set(s, { legsid = sid, presumed = '' }) end
    return B.complete_leg(c, sid, role)
  end
  B.there(c, s, at)
end

-- A leg has left a room, or ended while in it.
-- A person of whom only their presence is known, by a beat or a label, came later than this leg of theirs left: it was
-- an earlier one, told late.
local function earlier(c, leg, at)
  local s = leg.role ~= 'caller' and leg.role ~= 'agency' and B.spec(leg.who or '')
  return s and s.ecall == c.id and s.presumed == '1' and at and at + B.time('rounding') < B.num(s.join_at)
end

function B.leg_out(c, sid, label, room_sid, at)
  local leg = B.legs(c)[sid]
  if not leg or leg.ended then return end
  if label ~= leg.label or (leg.room_sid and room_sid ~= '' and room_sid ~= leg.room_sid) then return end -- guard: leave_of_old
  leg.left_label, leg.left_room, leg.left_at = label, room_sid, at or B.now
  local was = leg.joined
  leg.joined = false
  B.save_leg(c, sid, leg)
  if not was or earlier(c, leg, at) then return end
  B.forget_presumed(c, leg.who)
  B.after_leave(c, leg, sid, at)
  B.check_room(c)
end

-- Legs presumed from a beat or label are replaced by what the carrier says of the same person.
function B.forget_presumed(c, who)
  local leg = B.legs(c)['p' .. who]
  if not leg then return end
  leg.joined = false
  B.save_leg(c, 'p' .. who, leg)
end

function B.after_leave(c, leg, sid, at)
  if leg.role == 'caller' then
    if leg.room_sid == c.room_sid then
      B.apart(c, at)
      B.set(c, { inroom = '' })
    end
  elseif leg.role == 'agency' then
    if B.agency_near(c) then return end
    if c.state == 'agency_only' then return B.close(c, c.side or 'caller', 'agency_left', B.num(c.gone_ms), c.status or '') end
    if c.state == 'reconnecting' and (c.owner or '') == '' then B.give_back(c, 'lost') end
  elseif leg.role == 'lead' then
    B.watch_out(c, leg.who, sid)
  elseif leg.role == 'interpreter' then
    B.interpreter_out(c, leg.label)
  else
    B.specialist_out(c, leg.who, sid, at)
  end
end

function B.specialist_out(c, who, sid, at)
  local s = B.spec(who)
  if not s or s.ecall ~= c.id then return end
  if c.owner == who and s.there == '1' then B.set(c, { own_from = s.join_at, own_to = at or B.now }) end
  if s.estate == 'connecting' and (s.newleg == sid or s.legsid == sid) then return B.fail_connect(s, 'left', true) end
  if s.presumed == '1' then B.set(s, { legsid = sid, presumed = '' }) end
  if s.legsid ~= sid or (s.estate ~= 'talking' and s.estate ~= 'reconnecting') then return end -- guard: old_leg_left
  B.human_left(c, s, at)
end

-- One of ours is on the way in, or sits there before the caller does.
function B.connecting(c) return c.state == 'connecting' or c.state == 'calling_back' end

-- Ends the room a few seconds after neither caller nor agency is in it; a room that connects is left alone (L1).
function B.check_room(c)
  if c.inroom == '1' or B.agency_near(c) or B.connecting(c) then return B.off('room', c.id) end
  B.at('room', c.id, B.now + B.time('room'))
end

function B.on.room(id)
  local c = B.call(id)
  if not c or c.inroom == '1' or B.agency_near(c) or B.connecting(c) then return end
  if c.state == 'talking' then B.vanished(c) end
  if c.state == 'reconnecting' then return end
  local any = false
  for sid, leg in pairs(B.legs(c)) do
    if leg.joined and leg.role ~= 'caller' then
      any = true
      if (c.room_sid or '') == '' then B.complete_leg(c, sid, leg.role) end
    end
  end
  if any and (c.room_sid or '') ~= '' then B.effect('end_room', c, { room = c.room, room_sid = c.room_sid }) end
end

-- Nobody of ours stays behind where a caller has been who waits again: the caller belongs in no room now.
function B.empty_room(c)
  for sid, leg in pairs(B.legs(c)) do
    if leg.joined and leg.presumed and leg.role ~= 'agency' then
      leg.joined = false
      B.save_leg(c, sid, leg)
    elseif leg.joined and not leg.dead and leg.role ~= 'caller' and leg.role ~= 'agency' then
      B.complete_leg(c, sid, leg.role)
    end
  end
end

-- The caller's leg went out of the room and did not come back, and no end was reported: they may be on hold somewhere.
function B.vanished(c)
  B.set(c, { seen = B.now })
  B.move_caller(c, 'hold') -- a leg that is no more is found out so, at once
  local freed = B.dismiss(c, 'vanished')
  B.empty_room(c)
  B.own(c, nil, '', 'lost')
  B.state(c, 'waiting', 'lost')
  B.match_call(c)
  B.release_all(freed, c.id)
end
