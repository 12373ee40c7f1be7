-- accept: compare and set; the first accept wins, the same tab repeating it gets the same token (L6, L10). An offer is
-- open only while its call may be accepted: whatever changes the call rescinds it in the same script.
-- KEYS[1] meta. ARGV[4] {offer, spec, tab, token, nonce}. Returns {ok, call, offer, token, kind} or an answer.
local function won(o) return { ok = true, call = o.call, offer = o.id, token = o.token, kind = o.kind } end

-- A new room, unless an agency is in the one there is, or being rung into it.
local function room(c, nonce)
  B.set(c, { moved = '' })
  if B.agency_near(c) and (c.room or '') ~= '' then return end -- guard: agency_room
  if (c.room_sid or '') ~= '' then B.set(c, { oldrooms = B.add_word(c.oldrooms, c.room_sid) }) end
  B.set(c, { room = c.id .. '-' .. nonce, room_sid = '', inroom = '' })
end

-- A colleague's asking: the call's state, place and owner stay (L10).
local function joins(o, c, s, a)
  B.set(c, { asks = B.drop_word(c.asks, o.id) })
  B.offer_state(o, 'accepted', 'accept')
  B.engage(s, c, o.id, 'consult')
  B.set(s, { token = a.token, tab = a.tab, missed = 0 })
  B.duty(s, 'connecting', c.id)
  B.at('ask', s.id, B.now + B.time('ask'))
  return won(o)
end

function B.move(a)
  local o = B.load('offer', a.offer)
  if not o.state or o.spec ~= a.spec then return B.answer(false, o.state and 'not_yours' or 'unknown') end -- guard: accept_owner
  if (o.state == 'accepted' or o.state == 'connected') and o.tab == a.tab then return won(o) end
  if o.state ~= 'offered' then return B.answer(false, 'not_yours', { state = o.state }) end -- guard: accept_state
  if B.now > B.num(o.deadline) then
    B.expire_offer(o)
    return B.answer(false, 'not_yours', { state = 'expired' })
  end
  local c, s = B.load('call', o.call), B.spec(o.spec)
  B.set(o, { tab = a.tab, token = a.token })
  if o.by then return joins(o, c, s, a) end
  local freed = B.rescind(c, 'taken', o.id)
  B.set(c, { offers = B.drop_word(c.offers, o.id) })
  B.offer_state(o, 'accepted', 'accept')
  local role = o.kind == 'relief' and 'relief' or 'owner'
  B.engage(s, c, o.id, role)
  B.set(s, { token = a.token, tab = a.tab, missed = 0 })
  B.duty(s, 'connecting', c.id)
  if role == 'relief' then
    B.set(c, { helper = s.id })
    B.place(c)
  else
    B.off('bring', c.id)
    room(c, a.nonce)
    if c.state == 'backup_ringing' and B.num(c.bi) < 0 then
      B.emit('partner.failed', c, { partner = c.pass, cause = 'taken' })
      B.set(c, { bi = 0, pass = '' })
    elseif c.state == 'backup_ringing' then B.emit('backup.failed', c, { index = B.num(c.bi), cause = 'taken' }) end
    B.own(c, s, s.eng, 'accept')
    B.state(c, 'connecting', 'accept')
  end
  B.at('ask', s.id, B.now + B.time('ask'))
  B.release_all(freed, c.id)
  return won(o)
end
