-- The caller's own leg is over.

local NOT_TOGETHER = { greeting = true, doubtful = true, backup_ringing = true, backup_talking = true }

-- A terminal status of the caller's own leg: the call is over, or an agency's alone, or the caller is to be rung back.
function B.caller_over(c, a)
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
  if c.away == '1' then return B.view(c) end -- guard: away_sticky
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
  elseif c.state == 'callback' then
    B.go_away(c)
  else
    B.close(c, a.side, 'caller_gone', a.at_ms or B.now, a.status, span)
  end
  return B.view(c)
end
