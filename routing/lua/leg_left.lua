-- leg_left: the carrier saw a leg leave the room.
-- KEYS[1] meta. ARGV[4] {call, sid, label, room_sid: may be empty, at_ms?}. Returns the call's view, or nothing for an unknown call.
function B.move(a)
  local c = B.call(a.call)
  if not c then return end
  if B.once(c, 'L', a.sid, a.label, a.room_sid, a.at_ms or '') then
    local role = B.parse_label(a.label)
    B.emit('leg.left', c, { sid = a.sid, role = role, label = a.label, at_ms = a.at_ms or B.now, reason = '' })
  end
  if not B.legs(c)[a.sid] and a.label ~= '' then -- left before its join was heard of
    local role, who = B.parse_label(a.label)
    B.save_leg(c, a.sid, { role = role, who = who, label = a.label, joined = true, room_sid = a.room_sid })
  end
  B.leg_out(c, a.sid, a.label, a.room_sid, a.at_ms)
  return B.view(c)
end
