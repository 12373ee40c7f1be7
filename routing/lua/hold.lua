-- hold: the owner puts the caller on hold, with words, or takes them back.
-- KEYS[1] meta. ARGV[4] {call, spec, on}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.owner ~= s.id then return B.answer(false, 'not_yours') end -- guard: hold_owner
  if a.on and c.state ~= 'talking' then return B.answer(false, 'wrong_state') end -- guard: hold_state
  if not B.hold(c, s.id, a.on) then return B.answer(false, 'wrong_state') end
  return B.answer(true)
end
