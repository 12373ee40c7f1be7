-- media_up: the console hears its room (L5).
-- KEYS[1] meta. ARGV[4] {call, spec}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if s.ecall ~= c.id or s.estate == 'wrapping' then return B.answer(false, 'not_yours') end -- guard: media_owner
  if B.leg_of(s) == '' then return B.answer(false, 'wrong_state') end
  B.media(c, s)
  return B.answer(true)
end
