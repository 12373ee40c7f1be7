-- leg_over: the record has the beginning of a leg, nobody on this board has heard of its end, and the carrier says that it is
-- over. Only told: whoever is in the call now is there by another leg.
-- KEYS[1] meta. ARGV[4] {call, sid, label, room_sid, joined_ms?: of a leg whose leave is unheard too, status, at_ms}. Returns nothing.
function B.move(a)
  local c = B.call(a.call) or B.past(a.call)
  local leg = B.legs(c)[a.sid]
  if leg and not leg.ended then return end
  local role, who = B.parse_label(a.label)
  if a.joined_ms then
    local span = B.just_before({ at = a.joined_ms }, a.at_ms)
    if B.better(c, span, 'l', a.sid, a.label) then
      local gone = { sid = a.sid, role = role, label = a.label, room_sid = a.room_sid, reason = '' }
      B.stamp('leg.left', c, gone, a.at_ms, span)
    end
  end
  if B.better(c, nil, 'E', a.sid) then
    B.stamp('leg.ended', c, { sid = a.sid, role = role, label = a.label, status = a.status }, a.at_ms)
  end
  B.save_leg(c, a.sid, leg or { role = role, who = who, label = a.label, joined = false, ended = true })
  if not c.state then redis.call('PEXPIRE', P .. 'legs:' .. c.id, B.time('keep')) end
end
