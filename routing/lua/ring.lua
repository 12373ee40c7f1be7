-- ring: the owner of a callback has the caller's telephone rung, by their own hand (C4).
-- KEYS[1] meta. ARGV[4] {call, spec}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.owner ~= s.id then return B.answer(false, 'not_yours') end -- guard: ring_owner
  if c.state ~= 'calling_back' or c.away ~= '1' then return B.answer(false, 'wrong_state') end -- guard: ring_state
  if (c.ring or '') ~= '' then return B.answer(true) end -- guard: ring_once
  local why = B.may_ring(c)
  if why then return B.answer(false, why) end
  B.ring_them(c, s)
  return B.answer(true)
end
