-- A callback: the caller has hung up and keeps the place; when their turn has come a person rings them by hand (C4).
--
-- Of a call: `cb` it was taken, `cb_turn` in which turn it was last taken back, `away` nobody has a leg, `safe` whether they may be rung
-- (`yes no unknown`), `ring` the label under which they are rung now, `rings rung_at rung_why` how often by this person, when last, what came of it.

local RINGS_MAX = 2 -- tries of one person, `ring_apart` from each other

-- Who may be offered it: a known number that is safe to call, no danger ever declared, nothing open.
function B.may_callback(c)
  if not B.has_word(c.did, 'callback') or c.closed == '1' or c.bd == '1' then return false end -- guard: callback_step
  if B.config().parallel[c.cls] or c.cls == 'agency' or B.num(c.press) > 0 then return false end -- guard: callback_grave
  if (c.nh or '') == '' or (c.nc or '') == '' or c.wh == '1' or (c.via or '') ~= '' then return false end -- guard: callback_withheld
  if c.safe == 'no' or redis.call('EXISTS', P .. 'unsafe:' .. c.nh) == 1 then return false end -- guard: callback_unsafe
  return c.risk ~= '1' and (c.handoffs or '') == '' and not B.agency_near(c)
end

-- A clinical fact, or the caller's own key: what was said last counts. A number once called unsafe stays so for a while.
function B.safe_to_call(c, answer)
  B.set(c, { safe = answer })
  if answer == 'no' and (c.nh or '') ~= '' then redis.call('SET', P .. 'unsafe:' .. c.nh, '1', 'PX', B.time('unsafe')) end
end

-- The caller's keys: `yes` it is safe, ring me; `no` it is not; `stay` I would rather wait.
function B.callback_key(c, key, turn)
  if key == 'stay' then return B.untake(c, turn) end
  if c.state ~= 'waiting' or turn <= B.num(c.cb_turn) or not B.may_callback(c) then return end -- guard: callback_state
  B.safe_to_call(c, key)
  B.emit('call.key', c, { meaning = 'callback_' .. key, turn = turn })
  if key ~= 'yes' then return end
  B.set(c, { cb = '1', away = '' })
  redis.call('SET', P .. 'cback:' .. c.nh, c.id)
  B.state(c, 'callback', 'taken')
end

-- Before the goodbye is over they stay after all: as if nothing had been.
function B.untake(c, turn)
  if c.state ~= 'callback' or c.away == '1' then return end -- guard: callback_gone
  B.set(c, { cb = '', cb_turn = turn, seen = B.now })
  B.forget_callback(c)
  B.state(c, 'waiting', 'stays')
  B.match_call(c)
end

function B.forget_callback(c)
  local key = P .. 'cback:' .. (c.nh or '')
  if redis.call('GET', key) == c.id then redis.call('DEL', key) end
end

-- Their leg has ended: from now on they are offered like anybody, at their place.
function B.go_away(c)
  B.set(c, { away = '1', ring = '', rings = 0, rung_at = 0 })
  B.emit('callback.kept', c, { arrived_ms = B.num(c.a) })
  B.place(c)
  B.match_call(c)
end

-- Nobody has taken it by the end of the plan: leads hear of it, again and again until somebody does.
function B.callback_late(c)
  B.alarm('callback_waiting', c)
  B.at('again', c.id, B.now + B.time('callback_page'))
end

-- The specialist is in the room, alone: they see what is known and ring when they are ready.
function B.sit_by(c)
  B.state(c, 'calling_back', 'there')
  B.at('sits', c.id, B.now + B.time('sits'))
end

-- Whose console is silent sits by nobody's telephone: their leg may never be reported gone.
function B.on.sits(id)
  local c = B.call(id)
  if not c or c.state ~= 'calling_back' or c.away ~= '1' then return end
  local s = B.owner(c)
  if s and B.now - B.num(s.beat) >= B.time('giveup') then return B.fail_connect(s, 'silent', true) end
  B.at('sits', id, B.now + B.time('sits'))
end

function B.may_ring(c)
  if c.safe == 'no' then return 'unsafe' end -- guard: ring_unsafe
  if B.num(c.rings) >= RINGS_MAX then return 'rung_enough' end -- guard: ring_max
  if B.num(c.rung_at) > 0 and B.now - c.rung_at < B.time('ring_apart') then return 'too_soon' end -- guard: ring_apart
end

function B.ring_them(c, s)
  local turn = B.num(c.turn) + 1
  local label = 'caller_' .. c.id .. '_' .. turn
  B.set(c, { ring = label, turn = turn, rings = B.num(c.rings) + 1, rung_at = B.now, rung_why = '' })
  B.emit('callback.ringing', c, { spec = s.id, label = label, try = c.rings })
  B.at('rung', c.id, B.now + B.time('rung'))
  B.effect('dial_caller', c, { label = label, to_cipher = c.nc }, 60000)
end

-- It came to nothing; a telephone that still rings is let go, one that was answered ends by its own document.
function B.unrung(c, label, why)
  if (c.ring or '') == '' or c.ring ~= label then return end
  B.off('rung', c.id)
  B.set(c, { ring = '', rung_at = B.now, rung_why = why })
  B.emit('callback.unanswered', c, { label = label, cause = why, try = B.num(c.rings) })
  for sid, leg in pairs(B.legs(c)) do
    if leg.label == label and not leg.ended and not leg.dead and not leg.greeted then B.complete_leg(c, sid, 'ring') end
  end
end

function B.on.rung(id)
  local c = B.call(id)
  if c and c.away == '1' then B.unrung(c, c.ring, 'timeout') end
end

-- The first leg of a label is the one that was rung, whichever executor was first (L3).
function B.is_rung(c, sid, label)
  local key, field = P .. 'legs:' .. c.id, 'B|' .. label
  redis.call('HSETNX', key, field, sid)
  return redis.call('HGET', key, field) == sid
end

-- Somebody pressed the key: the leg is the caller's from now on, whether the person who rang is still there or not.
function B.back_on_the_line(c, sid, label)
  local leg = B.legs(c)[sid] or { role = 'caller', who = c.id, label = label, joined = false }
  leg.greeted = nil
  B.remember_leg(sid, c.id)
  B.save_leg(c, sid, leg)
  B.off('rung', c.id)
  B.set(c, { sid = sid, away = '', ring = '', rung_why = '', seen = B.now, turned = B.now, moved = '' })
  B.forget_callback(c)
  B.emit('callback.answered', c, { sid = sid, label = label })
  local s = B.owner(c)
  if c.state == 'callback' then
    B.state(c, 'waiting', 'rung_back')
    if (c.offers or '') ~= '' then B.state(c, 'offered', 'offer') end
    B.match_call(c)
  elseif c.state == 'connecting' and s and s.there == '1' then
    B.sit_by(c)
  end
end

-- Nobody speaks with them and nobody has a leg: back to the place. Who was rung in vain is left alone for a while.
function B.shelve(c)
  if B.num(c.rings) > 0 then B.set(c, { held_until = B.now + B.time('ring_again') }) end
  B.unrung(c, c.ring, 'left')
  B.set(c, { rings = 0, rung_at = 0, moved = '' })
  B.state(c, 'callback', 'failed')
  if B.num(c.held_until) > B.now then B.at('left', c.id, B.num(c.held_until)) end
end

-- They ring in by themselves: the callback is over, and its place is theirs (C8). Returns what the new call inherits.
function B.rings_in(caller)
  local nh = caller and caller ~= cjson.null and not caller.withheld and caller.number_hash or ''
  local old = nh ~= '' and B.call(redis.call('GET', P .. 'cback:' .. nh) or '')
  if not old or old.cb ~= '1' or old.away ~= '1' or old.state == 'closed' then return end
  B.close(old, 'caller', 'rang_in', B.now, '')
  return { of = old.id, a = B.num(old.a), counter = B.num(old.counter), cls = old.cls }
end

function B.inherit(c, from)
  B.set(c, { a = math.min(from.a, B.num(c.a)), counter = from.counter })
  redis.call('ZADD', P .. 'calls', c.a, c.id)
  B.emit('call.place', c, { of = from.of, arrived_ms = B.num(c.a), counter = from.counter })
  B.raise_class(c, from.cls, 'system', 'rang in')
  B.place(c)
end
