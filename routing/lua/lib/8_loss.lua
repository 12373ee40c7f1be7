-- A specialist's leg that dies, step by step (L8).

-- In-call silence of 6 s counts only while somebody else reached us: else the silence may be ours.
function B.on.beat(id)
  local s = B.spec(id)
  if not s or s.estate ~= 'talking' then return end
  local due = B.num(s.cbeat) + B.time('silent')
  if B.now < due then return B.at('beat', id, due + 1) end
  if B.now - B.others_heard(id) > B.time('others') then return B.at('beat', id, B.now + 1000) end -- guard: deaf_ourselves
  local fair = B.num(B.meta.back) + B.time('grace') -- after an absence of ours everybody has time for a beat
  if B.now < fair then return B.at('beat', id, fair) end
  local c = B.call(s.ecall)
  if c then B.lose(c, s) end
end

function B.lose(c, s)
  B.eng_state(s, 'reconnecting', 'silent')
  if c.owner ~= s.id then return B.at('helper', s.id, math.max(B.now, B.num(s.cbeat) + B.time('giveup'))) end
  local since = math.max(1, B.num(s.cbeat))
  B.set(c, { lost = since, phase = 'silent' })
  if c.state == 'talking' then B.state(c, 'reconnecting', 'silent') end
  B.alarm('lost_specialist', c, s.id)
  B.release_hold(c)
  if B.heir(c, s) then return end
  B.on.say(c.id)
  B.at('relief', c.id, math.max(B.now, since + B.time('relief')))
  B.at('giveup', c.id, math.max(B.now, since + B.time('giveup')))
end

-- Another helper who is in the room becomes the owner at once; of a caller who is not there, or on the way, nobody does:
-- they may be gone, and the word of it late.
function B.heir(c, besides)
  if c.inroom ~= '1' and (c.moved or '') == '' and not B.agency_near(c) then return end -- guard: heir_of_nobody
  for _, id in ipairs(B.words(c.team)) do
    local h = B.spec(id)
    if id ~= besides.id and h.estate == 'talking' and h.there == '1' then
      B.take_over(c, h, 'relief')
      if besides.estate == 'reconnecting' then B.at('helper', besides.id, B.now + B.time('giveup')) end
      return h
    end
  end
end

function B.on.say(id)
  local c = B.call(id)
  if not c or c.phase ~= 'silent' then return end
  B.effect('announce', c, { room = c.room, room_sid = c.room_sid or '', what = 'lost_specialist' }, 8000)
  B.at('say', id, B.now + B.time('say'))
end

function B.on.relief(id)
  local c = B.call(id)
  if not c or B.num(c.lost) == 0 then return end
  B.set(c, { relief = '1' })
  B.place(c)
  B.match_call(c)
end

-- A new leg of this person is on its way in, or in and about to be heard: it is not to be taken for the one that died.
local function rejoining(s)
  if (s.newleg or '') ~= '' then return B.now - B.num(s.asked_at) < B.time('join') end
  return s.there == '1' and s.media ~= '1' and B.now - B.num(s.join_at) < B.time('media')
end

function B.on.giveup(id)
  local c = B.call(id)
  if not c or B.num(c.lost) == 0 or c.phase ~= 'silent' then return end
  local s = B.owner(c)
  if s and rejoining(s) then return B.at('giveup', id, B.now + 1000) end -- guard: rejoining
  B.off('giveup', id)
  B.give_up(c)
end

-- The dead leg is completed and the caller moved; the same specialist has 15 s. With an agency in the room nobody is
-- alone: the room stays and goes on being offered as relief.
function B.give_up(c)
  local s = B.owner(c)
  B.off('say', c.id)
  B.apart(c)
  if s then
    B.end_legs(c, s)
    B.set(s, { there = '', media = '', newleg = '' })
  end
  if c.state == 'agency_only' or B.num(c.agency) > 0 then return B.left_with_agency(c, s) end
  B.set(c, { phase = 'moved' })
  B.move_caller(c, 'reconnect')
  B.at('gone', c.id, B.now + B.time('rejoin'))
end

function B.left_with_agency(c, s)
  B.set(c, { phase = 'agency', relief = '1', lost = math.max(1, B.num(c.lost)) })
  if s then
    B.eng_state(s, 'wrapping', 'lost')
    B.own(c, nil, s.eng, 'lost')
  end
  local freed = B.unask(c, 'lost')
  B.place(c)
  B.match_call(c)
  B.release_all(freed, c.id)
end

-- The owner's or a helper's leg left the room without their saying so.
function B.human_left(c, s, at)
  B.set(s, { there = '', media = '' })
  if s.estate == 'talking' then B.eng_state(s, 'reconnecting', 'left_room') end
  if c.owner ~= s.id then return B.at('helper', s.id, B.now + B.time('rejoin')) end
  B.apart(c, at)
  if c.phase == 'moved' then return end
  B.set(c, { lost = B.now, phase = 'silent' })
  if c.state == 'talking' then B.state(c, 'reconnecting', 'left_room') end
  B.alarm('lost_specialist', c, s.id)
  B.release_hold(c)
  if B.heir(c, s) then return end
  B.at('relief', c.id, B.now + B.time('relief'))
  B.on.giveup(c.id)
end

function B.on.helper(id)
  local s = B.spec(id)
  if not s or s.estate ~= 'reconnecting' then return end
  local c = B.load('call', s.ecall)
  if c.owner == id then return end
  B.end_legs(c, s)
  B.eng_state(s, 'wrapping', 'lost')
end

function B.on.gone(id)
  local c = B.call(id)
  if not c or c.state ~= 'reconnecting' or c.phase ~= 'moved' then return end
  local s = B.owner(c)
  if (c.helper or '') ~= '' or (s and rejoining(s)) then return B.at('gone', id, B.now + 1000) end
  B.give_back(c, 'lost')
end

-- Nobody came: the caller waits again with the first arrival time, at least urgent.
function B.give_back(c, cause)
  B.raise_class(c, 'urgent', 'system', 'dropped by us')
  local s = B.owner(c)
  local freed = B.clear_loss(c)
  for _, f in ipairs(B.dismiss(c, cause)) do freed[#freed + 1] = f end
  B.empty_room(c)
  B.own(c, nil, s and s.eng or '', 'lost')
  B.set(c, { seen = B.now, dropped = '1' })
  B.off('move', c.id)
  if c.inroom == '1' or (c.moved or '') ~= '' then B.move_caller(c, 'hold') end
  B.set(c, { moved = '' })
  B.state(c, 'waiting', cause)
  B.match_call(c)
  B.release_all(freed, c.id)
end

-- The loss is over: its timers and relief offers go. Returns who is free of them.
function B.clear_loss(c)
  B.set(c, { lost = 0, phase = '', relief = '' })
  for _, kind in ipairs({ 'say', 'relief', 'giveup', 'gone' }) do B.off(kind, c.id) end
  local freed = B.rescind(c, 'returned')
  B.place(c)
  return freed
end

-- The relief's leg is in: owner in this script (L8). The first person becomes a second helper.
function B.relieve(c, s)
  local old = B.owner(c)
  local moved = c.phase == 'moved'
  B.take_over(c, s, 'relief')
  if moved then B.summon(c) end
  if old then B.at('helper', old.id, math.max(B.now, B.num(old.cbeat) + B.time('giveup'))) end
end

function B.take_over(c, s, reason)
  local old = B.owner(c)
  local freed = B.clear_loss(c)
  for _, f in ipairs(B.unask(c, 'owner')) do freed[#freed + 1] = f end
  B.release_hold(c)
  if c.helper == s.id then B.set(c, { helper = '' }) end
  B.apart(c)
  B.own(c, s, s.eng, reason)
  B.set(s, { erole = 'owner' })
  if old then B.set(old, { erole = 'consult' }) end
  B.settle(c)
  B.release_all(freed, c.id)
end

-- A specialist who was silent is heard again, in the room.
function B.returned(c, s)
  if c.owner ~= s.id then
    B.off('helper', s.id)
    B.eng_state(s, 'talking', 'returned')
    return B.watch(s)
  end
  local freed = B.clear_loss(c)
  if (c.helper or '') ~= '' then
    local h = B.spec(c.helper)
    B.offer_state(B.load('offer', h.eoffer), 'rescinded', 'returned')
    B.end_legs(c, h)
    B.set(c, { helper = '' })
    B.eng_state(h, 'done', 'returned')
    freed[#freed + 1] = h
  end
  if c.inroom ~= '1' and c.state ~= 'agency_only' then B.summon(c) end
  B.settle(c)
  B.release_all(freed, c.id)
end
