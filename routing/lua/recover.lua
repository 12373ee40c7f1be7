-- recover: one-tap recovery after a hard call, and back.
-- KEYS[1] meta. ARGV[4] {spec, on}. Returns an answer.
function B.move(a)
  local s = B.spec(a.spec)
  if not s then return B.answer(false, 'unknown') end
  if not a.on then
    if s.duty == 'recovering' then B.duty(s, 'idle') end
    B.match_spec(s)
    return B.answer(true)
  end
  if s.duty == 'recovering' then return B.answer(true) end
  if s.duty ~= 'idle' and s.duty ~= 'wrapping' then return B.answer(false, 'wrong_state') end -- guard: recover_state
  if s.estate == 'wrapping' then
    B.end_legs(B.load('call', s.ecall), s)
    B.eng_state(s, 'done', 'recovery')
  end
  B.set(s, { hard = 0 })
  B.duty(s, 'recovering')
  return B.answer(true)
end
