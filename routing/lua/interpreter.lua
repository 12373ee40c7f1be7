-- interpreter: the owner has an interpreter rung into the room, or lets them go (L10). Another try rings the next number.
-- KEYS[1] meta. ARGV[4] {call, spec, language: empty to let go, numbers: ciphertexts, nonce}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.owner ~= s.id then return B.answer(false, 'not_yours') end -- guard: interpreter_owner
  if a.language == '' then
    B.interpreter_over(c, 'off')
    return B.answer(true)
  end
  if c.state ~= 'talking' then return B.answer(false, 'wrong_state') end -- guard: interpreter_state
  if (c.interp or '') ~= '' then return B.answer(c.interp_lang == a.language, c.interp_lang ~= a.language and 'ringing' or '') end -- guard: interpreter_once
  B.interpret(c, a.language, a.numbers, a.nonce)
  return B.answer(true)
end
