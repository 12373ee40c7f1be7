-- handoff_fact: what happened next in a handoff; `closed` ends it, `redial` rings the agency again.
-- KEYS[1] meta. ARGV[4] {handoff, who, id, facts, cipher, redial, nonce}. Returns an answer.
function B.move(a)
  local h = B.load('handoff', a.handoff)
  if not h.id then return B.answer(false, 'unknown') end
  local c = B.load('call', h.call)
  if not c.id then c = { id = h.call, state = '', n = 0, _key = c._key, _dirty = {} } end
  if not B.once(c, 'C', a.id) then return B.answer(true, '', { repeated = true }) end -- guard: fact_once
  B.emit('handoff.fact', c, { handoff = a.handoff, id = a.id, who = a.who, facts = a.facts, cipher = a.cipher })
  if a.facts.closed and a.facts.closed ~= cjson.null then
    B.set(h, { open = '' })
    B.set(c, { handoffs = B.drop_word(c.handoffs, a.handoff) })
  end
  if a.redial and c.state ~= 'closed' and c.state ~= '' then
    B.effect('dial_agency', c, { room = c.room or '', room_sid = c.room_sid or '', handoff = a.handoff,
      label = 'agency_' .. a.handoff .. '_' .. a.nonce, to_cipher = h.to }, 60000)
  end
  return B.answer(true)
end
