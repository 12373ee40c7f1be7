-- Offers: made, ended, and what an end means for the person and the caller (P2, P3).

-- An offer of this call to this person; `by`: a colleague asks for it.
function B.propose(c, s, kind, by)
  local id = B.new('o')
  local o = B.fresh('offer', id)
  local t = B.config().times
  B.set(o, { id = id, call = c.id, spec = s.id, kind = kind, state = 'offered', made = B.now,
    ackby = B.now + t.ack, deadline = B.now + t.offer })
  if by then B.set(o, { by = by }) end
  B.set(s, { offer = id })
  B.at('ack', id, o.ackby)
  B.at('deadline', id, o.deadline)
  B.emit('offer.made', c, { offer = id, spec = s.id, kind = kind, cls = B.weight(c), language = c.lang, line = c.line,
    arrived_ms = B.num(c.a), wait_ms = B.now - B.num(c.a), returning = c.ret == '1', callback = c.away == '1' or nil, ack_by_ms = o.ackby,
    deadline_ms = o.deadline, score = B.num(c.score), by = by })
  B.duty(s, 'offered', c.id)
  return o
end

function B.offer(c, s)
  B.set(c, { offers = B.add_word(c.offers, B.propose(c, s, B.wants(c)).id) })
  if c.state == 'waiting' then B.state(c, 'offered', 'offer') else B.place(c) end
end

function B.offer_state(o, to, cause)
  local c = B.load('call', o.call)
  B.set(o, { state = to })
  B.off('ack', o.id)
  B.off('deadline', o.id)
  o._ttl = 3600000
  B.emit('offer.' .. to, c, { offer = o.id, spec = o.spec, call = o.call, cause = cause, reason = cause,
    kind = o.by and o.kind, by = o.by })
end

-- Ends an open offer. The call leaves `offered` with its last one; nobody is matched here.
function B.end_offer(o, to, cause)
  local c, s = B.load('call', o.call), B.spec(o.spec)
  B.offer_state(o, to, cause)
  if o.by then B.set(c, { asks = B.drop_word(c.asks, o.id) }) else B.set(c, { offers = B.drop_word(c.offers, o.id) }) end
  if s.offer == o.id then B.set(s, { offer = '' }) end
  if c.state == 'offered' and (c.offers or '') == '' then B.state(c, 'waiting', to) end
  B.place(c)
  return c, s
end

-- The person is free of the offer: idle, and the best caller for them is offered.
function B.release(s, call)
  if s.duty == 'offered' then B.duty(s, 'idle', call) end
  B.match_spec(s)
end

-- Rescinds the open offers of a call but `besides`; who had them is free for the next.
function B.rescind(c, cause, besides)
  local freed = {}
  for _, id in ipairs(B.words(c.offers)) do
    local o = B.load('offer', id)
    if id ~= besides and o.state == 'offered' then
      local _, s = B.end_offer(o, 'rescinded', cause)
      freed[#freed + 1] = s
    end
  end
  return freed
end

function B.release_all(people, call)
  for _, s in ipairs(people) do B.release(s, call) end
end

-- Whoever misses several in a row is not there: a break, until they say otherwise, and a lead knows.
local function missed(c, s)
  B.set(s, { missed = B.num(s.missed) + 1 })
  if s.missed < B.config().misses then return end
  B.set(s, { missed = 0 })
  B.presence(s, 'break', 'missed')
  B.alarm('missed_offers', c, s.id)
end

function B.expire_offer(o)
  local c, s = B.end_offer(o, 'expired', 'deadline')
  B.shy(s)
  missed(c, s)
  B.release(s, c.id)
  B.match_call(c)
end

function B.lose_offer(o)
  local c, s = B.end_offer(o, 'unreachable', 'ack')
  B.set(s, { unreach = '1' })
  B.release(s, c.id)
  B.match_call(c)
end

function B.decline_offer(o, reason)
  local c, s = B.end_offer(o, 'declined', reason)
  local t = B.config().times
  B.set(s, { missed = 0 })
  B.exclude(s, c.id, B.find_person(c, s.id) and t.exclude or t.exclude_alone)
  B.match_call(c)
  B.release(s, c.id)
end

function B.on.ack(id)
  local o = B.load('offer', id)
  if o.state == 'offered' and o.acked ~= '1' then B.lose_offer(o) end
end

function B.on.deadline(id)
  local o = B.load('offer', id)
  if o.state == 'offered' then B.expire_offer(o) end
end
