-- leg_over: the record has the beginning of a leg, nobody on this board has heard of its end, and the carrier says that it is
-- over. Only told: whoever is in the call now is there by another leg.
-- KEYS[1] meta. ARGV[4] {call, sid, label, room_sid, came_ms?: of a leg that was in its room and whose leave is unheard too,
-- unheard: its coming was no more heard, only that it asked for the room then; status, at_ms, earliest_ms?, latest_ms?}. Returns nothing.
local function came(c, a, role, who)
  local span = B.span(a.came_ms, a.at_ms + B.time('rounding'))
  if not a.unheard or not B.better(c, span, 'j', a.sid, a.label) then return end
  local data = { sid = a.sid, role = role, who = who, label = a.label, room = c.room or '', room_sid = a.room_sid }
  B.stamp('leg.joined', c, data, a.came_ms, span)
end

local function left(c, a, role)
  local span = B.just_before({ at = a.came_ms }, a.at_ms)
  if not B.better(c, span, 'l', a.sid, a.label) then return end
  local data = { sid = a.sid, role = role, label = a.label, room_sid = a.room_sid, reason = '' }
  B.stamp('leg.left', c, data, a.at_ms, span)
end

function B.move(a)
  local c = B.call(a.call) or B.past(a.call)
  local leg = B.legs(c)[a.sid]
  if leg and not leg.ended then return end
  local role, who = B.parse_label(a.label)
  if a.came_ms then
    came(c, a, role, who)
    left(c, a, role)
  end
  local span = B.told(a)
  if B.better(c, span, 'E', a.sid) then
    B.stamp('leg.ended', c, { sid = a.sid, role = role, label = a.label, status = a.status }, a.at_ms, span)
  end
  B.save_leg(c, a.sid, leg or { role = role, who = who, label = a.label, joined = false, ended = true })
  if not c.state then redis.call('PEXPIRE', P .. 'legs:' .. c.id, B.time('keep')) end
end
