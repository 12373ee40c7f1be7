-- Views for Python, and the refilling of a board that lost its data (P4).

-- Who is in the call, or on the way in.
local function team(c)
  local out = {}
  for _, id in ipairs(B.words(c.team)) do
    local s = B.spec(id)
    out[#out + 1] = { spec = id, role = id == c.owner and 'owner' or s.erole, state = s.estate, heard = s.there == '1' and s.media == '1' }
  end
  return #out > 0 and out or nil
end

-- The colleague who is being asked in.
local function asking(c)
  local o = (c.asks or '') ~= '' and B.load('offer', B.words(c.asks)[1])
  return o and { offer = o.id, spec = o.spec, kind = o.kind, deadline_ms = B.num(o.deadline) } or nil
end

function B.view(c, fresh)
  return { id = c.id, state = c.state, line = c.line, language = c.lang, cls = c.cls, arrived_ms = B.num(c.a),
    counter = B.num(c.counter), turn = B.num(c.turn), sid = c.sid or '', room = c.room or '', room_sid = c.room_sid or '',
    room_open = c.ro == '1' and c.state ~= 'closed', caller_in_room = c.inroom == '1', owner = c.owner or '', since_ms = B.num(c.since),
    cause = c.cause or '', backup_index = B.num(c.bi), backup_done = c.bd == '1', handoff_open = (c.handoffs or '') ~= '',
    returning = c.ret == '1', fresh = fresh or false, now_ms = B.now, risk_high = c.risk == '1', held_ms = B.held(c),
    held_label = B.held(c) > 0 and c.held_label or '',
    partner = B.num(c.bi) < 0 and c.pass or '', via = c.via or '',
    closed = c.closed == '1', behind = c.behind == '1', over = c.over == '1', help_ms = B.num(c.helped), watching = c.watchers or '',
    team = team(c), asking = asking(c), private = c.private == '1',
    safe = c.safe or '', may_callback = c.state == 'waiting' and B.may_callback(c), callback_from = B.num(c.cb_from),
    callback = c.cb == '1' and c.state ~= 'closed' and { away = c.away == '1', ringing = (c.ring or '') ~= '', rings = B.num(c.rings), why = c.rung_why or '',
      again_ms = B.num(c.rung_at) > 0 and c.rung_at + B.time('ring_apart') or 0 } or nil,
    interpreter = (c.interp or '') ~= '' and { language = c.interp_lang, there = c.interp_in == '1' } or nil }
end

local function offer_view(id)
  local o = B.load('offer', id)
  return { id = id, call = o.call, spec = o.spec, kind = o.kind, state = o.state, made_ms = B.num(o.made),
    ack_by_ms = B.num(o.ackby), deadline_ms = B.num(o.deadline), acked = o.acked == '1', by = o.by or '' }
end

function B.spec_view(s)
  local open = (s.offer or '') ~= '' and { offer_view(s.offer) } or cjson.null
  return { spec = s.id, presence = s.presence or 'offline', duty = s.duty,
    call = (s.ecall or '') ~= '' and s.ecall or s.wcall or '', role = (s.erole or '') ~= '' and s.erole or (s.wcall or '') ~= '' and 'lead' or '',
    known = s.bepoch ~= nil and s.bepoch == B.epoch, wrap_ms = s.estate == 'wrapping' and B.num(s.wrapto) or 0, since_ms = B.num(s.since), beat_ms = B.num(s.beat), offers = open, level = s.level or '',
    watch = s.wmode or '' }
end

-- A call that is in a room, as a console or the carrier tells of it.
local function rebuild(call, sid, told, room_sid)
  local cls = B.config().rank[told.class] and told.class or B.config().class
  B.set(B.meta, { counter = math.max(B.num(B.meta.counter), told.counter or 0) })
  local line = B.config().lines[told.line or ''] and told.line or B.config().default
  local c = B.create(call, { state = 'talking', sid = sid, line = line,
    lang = told.language or B.config().lines[line].language, cls = cls, a = told.arrived_ms or B.now,
    counter = told.counter or 0, turn = 0, cause = 'arrived', resurrected = '1', room = told.room or '',
    room_sid = room_sid or '', inroom = '1', in_at = B.now, handoffs = told.handoff_open and 'told' or '',
    risk = told.risk_high and '1' or '' },
    told)
  B.held_before(c, told.held_label)
  return c
end

-- Takes a person into a rebuilt call.
local function reseat(c, s, role, owns)
  B.engage(s, c, '', role)
  B.set(s, { there = '1', media = '1', presumed = '1', join_at = B.now })
  B.save_leg(c, 'p' .. s.id, { role = role, who = s.id, label = '', joined = true, presumed = true })
  if owns then B.own(c, s, s.eng, 'restored') end
  B.eng_state(s, 'talking', 'restored')
  B.watch(s)
  B.settle(c)
end

-- What keeps a call from being ended is believed from whoever remembers it (L9).
local function graver(c, told)
  if told.handoff_open and (c.handoffs or '') == '' then B.set(c, { handoffs = 'told' }) end
  if told.risk_high then B.set(c, { risk = '1' }) end
  B.held_before(c, told.held_label)
end

function B.refill(s, call, told)
  local c = B.call(call)
  if told.away then return end -- nobody was with them: the record has the callback
  if not c and told.role == 'consult' and not told.owner then return end -- the owner's own word comes first
  if not c then c = rebuild(call, told.sid or '', told, told.room_sid) end
  if c.resurrected ~= '1' or c.state ~= 'talking' or B.has_word(c.team, s.id) then return end -- guard: refill_state
  graver(c, told)
  local owns = told.owner and (c.owner or '') == ''
  reseat(c, s, told.role or 'owner', owns)
end

local ALONE = { greeting = true, waiting = true, doubtful = true, offered = true }

-- An older board says that this caller waits; the carrier shows them in a room with one of ours (R3), or with an agency
-- alone: then they do wait, in that room.
local function catch_up(c, told, room_sid, ours)
  local freed = B.rescind(c, 'restored')
  B.state(c, 'doubtful', 'restored')
  B.set(c, { room = told.room or '', room_sid = room_sid, inroom = '1', in_at = B.now, seen = B.now, resurrected = '1' })
  if ours then B.state(c, 'talking', 'restored') end
  return freed
end

-- What an older board believes of a person whom the carrier shows in a room: an offer, a wrap-up, a pause. It is over.
local function free(s)
  local c
  if s.duty == 'offered' then c = B.end_offer(B.load('offer', s.offer), 'rescinded', 'restored') end
  if s.estate == 'wrapping' then B.eng_state(s, 'done', 'restored') end
  if s.duty == 'offered' or s.duty == 'recovering' then B.duty(s, 'idle') end
  return c
end

function B.restore(call, sid, told, room_sid, labels)
  local c, freed, left = B.call(call), {}, {}
  local there = ' ' .. table.concat(labels, ' ')
  local ours = string.find(there, ' owner_', 1, true)
  if c and ALONE[c.state] and told.room and (ours or string.find(there, ' agency_', 1, true)) then
    freed = catch_up(c, told, room_sid, ours)
  elseif c then
    if (c.room_sid or '') == '' and room_sid ~= '' then B.set(c, { room_sid = room_sid }) end
    if (c.sid or '') == '' then B.set(c, { sid = sid }) end
    if c.resurrected == '1' and c.state ~= 'closed' then graver(c, told) end
    return B.identify(c, told)
  else
    c = rebuild(call, sid, told, room_sid)
  end
  table.sort(labels, function(x, y) -- the latest transfer record wins
    local _, a = B.parse_label(x)
    local _, b = B.parse_label(y)
    if (a == told.owner) ~= (b == told.owner) then return a == told.owner end
    return x < y
  end)
  for _, label in ipairs(labels) do
    local role, who = B.parse_label(label)
    if role == 'agency' then
      B.save_leg(c, 'p' .. who, { role = role, who = who, label = label, joined = true, presumed = true })
    elseif role == 'owner' or role == 'relief' or role == 'consult' or role == 'lead' and told.owner == who then
      local s = B.load('spec', who)
      if not s.id then
        B.set(s, { id = who, duty = 'idle', presence = 'offline', since = B.now, role = 'specialist', lanes = '', shift = '' })
        redis.call('SADD', P .. 'specs', who)
      end
      left[#left + 1] = free(s)
      local owns = (c.owner or '') == '' and (role ~= 'consult' or told.owner == who)
      local now = (role == 'consult' and owns) and 'owner' or (role == 'owner' and not owns) and 'consult' or role
      if s.duty == 'idle' then reseat(c, s, now, owns) end
    end
  end
  if (c.owner or '') == '' then
    B.move_caller(c, 'hold')
    B.state(c, 'waiting', 'lost')
  end
  for _, other in ipairs(left) do B.match_call(other) end
  B.release_all(freed, c.id)
end
