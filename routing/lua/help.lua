-- help: somebody in the call wants a lead beside them, or does not any more.
-- KEYS[1] meta. ARGV[4] {call, spec, on}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if s.ecall ~= c.id then return B.answer(false, 'not_yours') end -- guard: help_owner
  if c.state == 'closed' then return B.answer(false, 'wrong_state') end -- guard: help_closed
  B.help(c, s.id, a.on)
  return B.answer(true)
end
