-- unask: the owner takes back what they have asked of a colleague.
-- KEYS[1] meta. ARGV[4] {call, spec}. Returns an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.owner ~= s.id then return B.answer(false, 'not_yours') end -- guard: unask_owner
  B.release_all(B.unask(c, 'withdrawn'), c.id)
  return B.answer(true)
end
