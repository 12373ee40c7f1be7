-- Engagements: a specialist with a call, from accept to wrap-up; who owns the call; loss and relief (L5 to L10).

function B.eng_event(s, c, from, to, cause)
  B.emit('engagement.state', c, { engagement = s.eng, spec = s.id, role = s.erole, from = from, to = to, cause = cause })
end

function B.engage(s, c, offer, role)
  B.set(s, { eng = B.new('e'), estate = 'connecting', ecall = c.id, erole = role, eoffer = offer, offer = '', there = '',
    media = '', legsid = '', newleg = '', token = '', tab = '', cbeat = 0, deaf = '', presumed = '' })
  B.set(c, { team = B.add_word(c.team, s.id) })
  B.emit('engagement.started', c, { engagement = s.eng, spec = s.id, role = role, offer = offer })
end

-- A call that weighs on whoever had it: gravest class, or high risk at its end.
local function hard(c) return c.risk == '1' or B.config().parallel[c.cls] ~= nil end

-- Wrap-up ends by itself; whoever needs more says so.
function B.wrap_from_now(s)
  B.set(s, { wrapto = B.now + B.time('wrap') })
  B.at('wrap', s.id, s.wrapto)
end

-- Moves an engagement on; the person's duty follows it.
function B.eng_state(s, to, cause)
  local c, from = B.load('call', s.ecall), s.estate
  if from == to then return end
  B.set(s, { estate = to })
  B.eng_event(s, c, from, to, cause)
  if to == 'wrapping' or to == 'done' then
    B.set(c, { team = B.drop_word(c.team, s.id) })
    for _, kind in ipairs({ 'ask', 'join', 'media', 'beat', 'helper' }) do B.off(kind, s.id) end
  end
  if to == 'wrapping' then
    B.wrap_from_now(s)
    if s.presence == 'on_demand' then B.presence(s, 'offline', 'one_call') end
  end
  if to == 'done' then
    if from == 'wrapping' then B.set(s, { hard = hard(c) and B.num(s.hard) + 1 or 0 }) end
    B.off('wrap', s.id)
    B.set(s, { eng = '', estate = '', ecall = '', erole = '', eoffer = '', token = '', there = '', media = '' })
  end
  B.duty(s, to == 'done' and 'idle' or to, c.id)
  if to ~= 'talking' then B.private_over(c) end
end

-- Writes who owns the call from now on; `s` nil: nobody.
function B.own(c, s, eng, reason)
  local from, to = c.owner or '', s and s.id or ''
  if from == to then return end
  if from ~= '' then B.set(c, { before = from }) end
  B.set(c, { owner = to })
  B.emit('engagement.owner', c, { from_spec = from, to_spec = to, reason = reason, engagement = eng })
end

function B.owner(c) return (c.owner or '') ~= '' and B.spec(c.owner) or nil end

function B.leg_of(s) return (s.newleg or '') ~= '' and s.newleg or s.legsid end

function B.end_legs(c, s)
  for _, sid in ipairs({ s.newleg or '', s.legsid or '' }) do
    local leg = sid ~= '' and B.legs(c)[sid]
    if leg and not leg.left_label then B.complete_leg(c, sid, leg.role) end
  end
end

-- A connect came to nothing: the call goes back to its place, the person is set aside when it was their side (`blame`).
function B.fail_connect(s, reason, blame)
  local c, o = B.load('call', s.ecall), B.load('offer', s.eoffer)
  B.offer_state(o, 'failed', reason)
  B.end_legs(c, s)
  local eng, owned = s.eng, c.owner == s.id
  if c.helper == s.id then B.set(c, { helper = '' }) end
  B.eng_state(s, 'done', reason)
  if blame then B.shy(s) else B.exclude(s, c.id, B.time('exclude_alone')) end
  if owned then B.unseat(c, eng) end
  B.place(c)
  B.match_call(c)
  B.match_spec(s)
end

-- The owner is gone while connecting: the caller who was moved is moved back.
function B.unseat(c, eng)
  B.apart(c)
  B.own(c, nil, eng, 'lost')
  if c.away == '1' then return B.shelve(c) end
  if not B.connecting(c) then return B.relief_failed(c) end
  B.off('move', c.id)
  if c.inroom == '1' or (c.moved or '') ~= '' then B.move_caller(c, 'hold') end
  B.set(c, { moved = '', seen = B.now })
  B.state(c, 'waiting', 'failed')
end

-- A relief who had become the owner is gone before the conversation went on.
function B.relief_failed(c)
  if c.state == 'agency_only' or B.num(c.agency) > 0 then return B.left_with_agency(c, nil) end
  if not B.heir(c, { id = '' }) then B.give_back(c, 'lost') end
end

-- Everybody's part in this call ends; who was only connecting is free at once. Returns the freed.
function B.dismiss(c, cause)
  local freed = B.unask(c, cause)
  B.interpreter_over(c, 'off')
  for _, id in ipairs(B.words(c.team)) do
    local s = B.spec(id)
    if s.estate == 'connecting' then
      B.offer_state(B.load('offer', s.eoffer), 'rescinded', cause)
      B.end_legs(c, s)
      B.eng_state(s, 'done', cause)
      freed[#freed + 1] = s
    else
      B.eng_state(s, 'wrapping', cause)
    end
  end
  B.set(c, { helper = '' })
  return freed
end

-- The specialist's leg is in the room (by callback or by their console).
function B.there(c, s, at)
  if s.there == '1' and (s.newleg or '') == '' then return end
  B.off('ask', s.id)
  B.off('join', s.id)
  if (s.newleg or '') ~= '' then
    if (s.legsid or '') ~= '' and s.legsid ~= s.newleg then B.complete_leg(c, s.legsid, s.erole) end
    B.set(s, { legsid = s.newleg, newleg = '' })
  end
  B.set(s, { there = '1', join_at = at or B.now })
  if s.media ~= '1' then B.at('media', s.id, B.now + B.time('media')) end
  if s.estate == 'connecting' then
    if s.erole == 'relief' then B.relieve(c, s) elseif s.erole == 'owner' then B.summon(c) end
  end
  B.up(c, s)
end

-- The console hears the room.
function B.media(c, s)
  if B.leg_of(s) == '' then return end
  if s.media ~= '1' then B.set(s, { media = '1', cbeat = math.max(B.num(s.cbeat), B.now) }) end
  B.off('media', s.id)
  local sid = B.leg_of(s)
  local leg = B.legs(c)[sid]
  if leg and not leg.joined and not leg.left_label and not leg.ended then
    leg.joined, leg.at = true, B.now
    B.save_leg(c, sid, leg)
  end
  B.there(c, s)
  B.up(c, s)
end

function B.up(c, s)
  if s.there ~= '1' or s.media ~= '1' then
    return B.settle(c)
  end
  if s.estate == 'reconnecting' then B.returned(c, s) end
  B.company(c, s)
  B.settle(c)
end

-- The caller is asked to follow into the room, and once more if nothing is seen of it (L5).
function B.summon(c)
  if c.away == '1' then return B.sit_by(c) end
  if c.inroom == '1' or (c.moved or '') ~= '' then return end -- on its way: asked twice it would leave and come again
  B.set(c, { moved = '1' })
  B.move_caller(c, 'connect')
  B.at('move', c.id, B.now + B.time('move'))
end

function B.on.move(id)
  local c = B.call(id)
  if not c or c.inroom == '1' or (c.state ~= 'connecting' and c.state ~= 'reconnecting') then return end
  if c.moved == '1' then
    B.set(c, { moved = '2' })
    B.effect('move_caller', c, { sid = c.sid, why = 'connect', again = true }) -- unless only the callback of the join was lost
    return B.at('move', id, B.now + B.time('move'))
  end
  local s = B.owner(c)
  if c.state == 'connecting' then return s and B.fail_connect(s, 'caller', false) end
  B.give_back(c, 'lost')
end

-- Caller and owner are together: the conversation begins, or goes on.
function B.settle(c)
  B.aim(c)
  local s = B.owner(c)
  if not s or s.there ~= '1' or s.ecall ~= c.id or c.state == 'closed' or s.estate == 'wrapping' then return end
  if c.inroom == '1' and B.num(c.tog) == 0 then
    B.set(c, { tog = math.max(B.num(s.join_at), B.num(c.in_at)) })
  end
  if s.media ~= '1' or (c.inroom ~= '1' and B.num(c.agency) == 0) then return end
  if s.estate == 'reconnecting' and B.num(c.lost) > 0 then return end
  local o = B.load('offer', s.eoffer)
  if o.state == 'accepted' then B.offer_state(o, 'connected', 'joined') end
  if s.estate ~= 'talking' then
    B.eng_state(s, 'talking', 'joined')
    B.watch(s)
  end
  if B.connecting(c) or c.state == 'reconnecting' then
    B.off('move', c.id)
    B.set(c, { moved = '' })
    B.state(c, 'talking', 'joined')
  end
end

function B.watch(s)
  if B.num(s.cbeat) == 0 then B.set(s, { cbeat = B.now }) end
  B.at('beat', s.id, B.num(s.cbeat) + B.time('silent') + 1)
end

function B.on.ask(id)
  local s = B.spec(id)
  if s and s.estate == 'connecting' and (s.newleg or '') == '' and s.there ~= '1' then B.fail_connect(s, 'no_leg', true) end
end

function B.on.join(id)
  local s = B.spec(id)
  if s and s.estate == 'connecting' and s.there ~= '1' then B.fail_connect(s, 'no_join', true) end
end

function B.on.media(id)
  local s = B.spec(id)
  if not s or s.media == '1' then return end
  if s.estate == 'connecting' then return B.fail_connect(s, 'no_media', true) end
  local c = B.call(s.ecall or '')
  if c and c.owner == s.id and s.estate == 'talking' then B.lose(c, s) end
end

function B.on.wrap(id)
  local s = B.spec(id)
  if s and s.estate == 'wrapping' then B.unwrap(s, 'timer') end
end

function B.unwrap(s, cause)
  local c = B.load('call', s.ecall)
  B.end_legs(c, s)
  B.eng_state(s, 'done', cause)
  B.match_spec(s)
end
