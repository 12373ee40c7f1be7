-- handoff_open: a handoff to emergency services is decided; with `dial` the agency is rung into the room (C1, C2).
-- KEYS[1] meta. ARGV[4] {call, spec, handoff, to_cipher, facts, cipher, dial, nonce}. Returns an answer.
function B.move(a)
  local c = B.call(a.call)
  if not c and a.dial then return B.answer(false, 'unknown') end
  c = c or B.past(a.call) -- reached by hand, in a call that this board has forgotten: it is for the record (S4)
  local h = B.load('handoff', a.handoff)
  if h.id then return B.answer(h.call == c.id, h.call ~= c.id and 'not_yours' or '', { repeated = true }) end -- guard: handoff_once
  B.set(h, { id = a.handoff, call = c.id, to = a.to_cipher, open = '1', by = a.spec })
  h._ttl = B.time('keep') * 24
  redis.call('ZREMRANGEBYSCORE', P .. 'handoffs', '-inf', B.now - h._ttl)
  redis.call('ZADD', P .. 'handoffs', B.now, a.handoff)
  B.set(c, { handoffs = B.add_word(c.handoffs, a.handoff) })
  B.emit('handoff.opened', c, { handoff = a.handoff, spec = a.spec, facts = a.facts, to_cipher = a.to_cipher, cipher = a.cipher })
  return B.answer(true, '', { dialled = a.dial and B.dial(c, a.handoff, a.nonce, a.to_cipher) })
end
