-- leg_status: progress of a leg that is not the caller's: an agency's, a specialist's, the backup's telephone.
-- KEYS[1] meta. ARGV[4] {call: empty when only the leg is known, sid, label, status, at_ms?, earliest_ms?, latest_ms?}. Returns the call's view, or nothing for an unknown call.
local RUNG = { agency = true, interpreter = true }
local FINAL = { completed = true, busy = true, failed = true, ['no-answer'] = true, canceled = true }

function B.move(a)
  local c = B.call(a.call ~= '' and a.call or B.call_of_leg(a.sid))
  if not c then return end
  if a.sid == c.sid then -- of who was rung back
    a.side = 'caller'
    return FINAL[a.status] and B.caller_over(c, a) or B.view(c)
  end
  local role, who = B.parse_label(a.label)
  local leg = B.legs(c)[a.sid]
  if not leg then
    leg = { role = role, who = who, label = a.label, joined = false }
    B.save_leg(c, a.sid, leg)
    B.emit('leg.asked', c, { sid = a.sid, role = role, who = who, label = a.label })
  end
  local twin = false
  if RUNG[leg.role] then twin = B.twin(c, a.sid, leg.label) end -- guard: twin
  if a.status == 'in-progress' and leg.role == 'agency' and not twin and not leg.joined and not leg.left_label and not leg.ended then
    leg.joined, leg.room_sid, leg.at = true, leg.room_sid or c.room_sid, a.at_ms or B.now -- dialled into the room: answered is in it
    B.save_leg(c, a.sid, leg)
    B.dialled(c, leg.who)
    B.gather(c)
    B.settle(c)
  end
  if a.status == 'in-progress' and leg.role == 'partner' then B.passed(c, a.sid) end
  if not FINAL[a.status] then
    if leg.role == 'interpreter' and leg.label ~= c.interp and not leg.dead then B.complete_leg(c, a.sid, leg.role) end -- guard: interpreter_late
    if leg.role == 'caller' and leg.label ~= c.ring and not leg.greeted and not leg.dead then B.complete_leg(c, a.sid, 'ring') end -- guard: ring_late
    return B.view(c)
  end
  local span = B.told(a)
  if not B.better(c, span, 'E', a.sid) then return B.view(c) end -- guard: leg_once
  if not leg.ended then B.ended(c, a.sid, leg, a.at_ms, span) end
  B.stamp('leg.ended', c, { sid = a.sid, role = leg.role, label = leg.label, status = a.status }, a.at_ms, span)
  if leg.ended then return B.view(c) end
  B.leg_out(c, a.sid, leg.label, leg.room_sid or '', a.at_ms)
  leg.ended = true
  B.save_leg(c, a.sid, leg)
  if twin then return B.view(c) end
  if leg.role == 'interpreter' then B.interpreter_out(c, leg.label) end
  if leg.role == 'caller' then B.unrung(c, leg.label, a.status) end
  if leg.role == 'agency' then B.dialled(c, leg.who) end
  if leg.role == 'agency' and a.status ~= 'completed' then B.alarm('agency_failed', c, nil, leg.who) end
  local s = B.spec(leg.who)
  if s and s.ecall == c.id and s.estate == 'connecting' and s.newleg == a.sid then B.fail_connect(s, 'left', true) end
  return B.view(c)
end
