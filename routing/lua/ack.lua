-- ack: the console has the offer on its screen (P3).
-- KEYS[1] meta. ARGV[4] {offer, spec}. Returns an answer.
function B.move(a)
  local o = B.load('offer', a.offer)
  if o.spec ~= a.spec then return B.answer(false, o.spec and 'not_yours' or 'unknown') end -- guard: ack_owner
  if o.state ~= 'offered' then return B.answer(false, 'not_yours', { state = o.state }) end -- guard: ack_state
  if o.acked == '1' then return B.answer(true) end
  if B.now > B.num(o.ackby) then
    B.lose_offer(o)
    return B.answer(false, 'not_yours', { state = o.state })
  end
  B.off('ack', o.id)
  B.set(o, { acked = '1' })
  B.emit('offer.acked', B.load('call', o.call), { offer = o.id, spec = o.spec, call = o.call })
  return B.answer(true)
end
