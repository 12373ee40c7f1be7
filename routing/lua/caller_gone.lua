-- caller_gone: a terminal carrier status of the caller's leg. Closes, or `agency_only` while an agency is in the room.
-- KEYS[1] meta. ARGV[4] {call, sid, status, side, at_ms?, earliest_ms?, latest_ms?}. Returns the call's view, or nothing for an unknown call.
local NOT_TOGETHER = { greeting = true, doubtful = true, backup_ringing = true, backup_talking = true }

function B.move(a)
  local c = B.call(a.call)
  if c and (c.sid or '') == '' then B.set(c, { sid = a.sid }) end -- rebuilt by a console; a call is named by its leg
  if not c or a.sid ~= c.sid then return c and B.view(c) end -- guard: other_leg
  local span = B.told(a)
  if not B.better(c, span, 'E', a.sid) then return B.view(c) end -- guard: gone_once
  local leg = B.legs(c)[a.sid]
  if leg and not leg.ended then B.ended(c, a.sid, leg, a.at_ms, span) end
  B.stamp('leg.ended', c, { sid = a.sid, role = 'caller', label = leg and leg.label or '', status = a.status }, a.at_ms, span)
  if leg then
    leg.joined, leg.ended = false, true
    B.save_leg(c, a.sid, leg)
  end
  if c.state == 'closed' then return B.view(c) end -- guard: closed_sticky
  local label = 'caller_' .. c.id .. '_' .. B.num(c.turn)
  if c.inroom ~= '1' and not (leg and leg.left_label == label) then B.presume_together(c, B.shown_at(c, label)) end
  B.apart(c, a.at_ms)
  B.set(c, { inroom = '', gone_ms = a.at_ms or B.now, side = a.side, status = a.status })
  if B.agency_near(c) then
    local freed = B.rescind(c, 'caller_gone')
    for _, s in ipairs(B.unask(c, 'caller_gone')) do freed[#freed + 1] = s end
    if NOT_TOGETHER[c.state] then B.state(c, 'waiting', 'caller_gone') end
    B.stamp('call.leg_gone', c, { sid = a.sid }, a.at_ms, span)
    B.state(c, 'agency_only', 'caller_gone')
    if (c.owner or '') == '' then B.left_with_agency(c, nil) end
    B.release_all(freed, c.id)
  else
    B.close(c, a.side, 'caller_gone', a.at_ms or B.now, a.status, span)
  end
  return B.view(c)
end
