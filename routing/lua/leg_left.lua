-- leg_left: the carrier saw a leg leave the room.
-- KEYS[1] meta. ARGV[4] {call, sid, label, room_sid: may be empty, at_ms?, earliest_ms?, latest_ms?}. Returns the call's view, or nothing for an unknown call.
function B.move(a)
  local c = B.call(a.call)
  if not c then return end
  if a.label ~= '' then
    local role, who = B.parse_label(a.label)
    local leg = B.legs(c)[a.sid]
    local at = leg and leg.label == a.label and leg.at or B.shown_at(c, a.label)
    if role == 'caller' and (not leg or leg.label ~= a.label) then
      B.were_together(c, B.shown_at(c, a.label), a.at_ms or B.now)
    end
    B.went(c, a.sid, { role = role, who = who, label = a.label, room_sid = a.room_sid, at = at,
      asked = leg and leg.asked }, a.at_ms, B.told(a))
  end
  if not B.legs(c)[a.sid] and a.label ~= '' then -- left before its join was heard of
    local role, who = B.parse_label(a.label)
    local at = B.shown_at(c, a.label)
    B.save_leg(c, a.sid, { role = role, who = who, label = a.label, joined = true, room_sid = a.room_sid, at = at })
    if role == 'caller' then B.presume_together(c, at) end
  end
  B.leg_out(c, a.sid, a.label, a.room_sid, a.at_ms)
  return B.view(c)
end
