-- unsupervise: a lead who was beside a call goes.
-- KEYS[1] meta. ARGV[4] {call, spec}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if s.wcall ~= c.id then return B.answer(false, 'not_yours') end -- guard: lead_elsewhere
  B.complete_leg(c, s.wsid, 'lead')
  B.watch_over(c, s, 'left')
  return B.answer(true)
end
