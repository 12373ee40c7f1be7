-- leg_joined: the carrier saw a leg enter the room (L5). Of anybody: caller, specialist, agency.
-- KEYS[1] meta. ARGV[4] {call, sid, label, room_sid, at_ms?, earliest_ms?, latest_ms?}. Returns the call's view, or nothing for an unknown call.
function B.move(a)
  local c = B.call(a.call)
  if not c then return end
  local name = a.room or ''
  if (c.room or '') == '' and c.resurrected == '1' and c.state == 'talking' then B.set(c, { room = name }) end
  if name ~= '' and name ~= c.room then B.set(c, { oldrooms = B.add_word(c.oldrooms, a.room_sid) }) end
  B.leg_in(c, a.sid, a.label, name ~= '' and name or nil, a.room_sid, a.at_ms, B.told(a))
  B.check_room(c)
  return B.view(c)
end
