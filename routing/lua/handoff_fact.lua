-- handoff_fact: what happened next in a handoff; `closed` ends it, `redial` rings the agency again.
-- KEYS[1] meta. ARGV[4] {handoff, who, id, facts, cipher, redial, nonce}. Returns an answer.
function B.move(a)
  local h = B.load('handoff', a.handoff)
  if not h.id and ((a.call or '') == '' or a.redial) then return B.answer(false, 'unknown') end
  local c = B.load('call', h.call or a.call)
  if not c.id then c = { id = h.call or a.call, state = '', n = 0, _key = c._key, _dirty = {} } end
  if not B.once(c, 'C', a.id) then return B.answer(true, '', { repeated = true }) end -- guard: fact_once
  B.emit('handoff.fact', c, { handoff = a.handoff, id = a.id, who = a.who, facts = a.facts, cipher = a.cipher })
  if a.facts.closed and a.facts.closed ~= cjson.null then
    if h.id then B.set(h, { open = '' }) end
    redis.call('ZREM', P .. 'handoffs', a.handoff)
    B.set(c, { handoffs = B.drop_word(B.drop_word(c.handoffs, a.handoff), 'told') })
  end
  return B.answer(true, '', { dialled = a.redial and B.dial(c, a.handoff, a.nonce, h.to) })
end
