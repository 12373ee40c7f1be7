-- end_call: a person ends the call. Refused while risk is high or a handoff open, unless a lead agrees (L9).
-- KEYS[1] meta. ARGV[4] {call, spec, reason, lead_agrees}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.state == 'closed' then return B.answer(s.ecall == c.id, s.ecall ~= c.id and 'not_yours' or '') end
  if c.owner ~= s.id and not (a.lead_agrees and s.role == 'lead') then return B.answer(false, 'not_yours') end -- guard: end_owner
  if s.estate == 'connecting' and c.state ~= 'calling_back' then return B.answer(false, 'wrong_state') end
  if (c.risk == '1' or (c.handoffs or '') ~= '') and not a.lead_agrees then return B.answer(false, 'needs_lead') end -- guard: end_risk
  if c.state ~= 'agency_only' and c.away ~= '1' then B.effect('complete_leg', c, { sid = c.sid, role = 'caller' }, 60000) end
  B.set(c, { end_reason = a.reason })
  B.close(c, 'specialist', 'ended', B.num(c.gone_ms) > 0 and B.num(c.gone_ms) or B.now, '')
  return B.answer(true)
end
