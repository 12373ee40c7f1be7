-- decline: the pair is kept apart, the call goes to the next (P2).
-- KEYS[1] meta. ARGV[4] {offer, spec, reason}. Returns an answer.
function B.move(a)
  local o = B.load('offer', a.offer)
  if o.spec ~= a.spec then return B.answer(false, o.spec and 'not_yours' or 'unknown') end -- guard: decline_owner
  if o.state ~= 'offered' then return B.answer(false, 'not_yours', { state = o.state }) end -- guard: decline_state
  B.decline_offer(o, a.reason)
  return B.answer(true)
end
