-- turn: a hold turn. Upserts an unknown call at its own place, proves that the caller is there, applies the key (H1, H2).
-- KEYS[1] meta. ARGV[4] {call, sid, line, language, cls, arrived_ms, counter, turn, danger, still_needed, away, closed, day_ms, callback: `yes`, `no`, `stay` or empty, caller?}.
-- Returns the call's view.
local function resurrect(a)
  B.set(B.meta, { counter = math.max(B.num(B.meta.counter), a.counter) })
  local cls = B.config().rank[a.cls] and a.cls or B.config().class
  local c = B.create(a.call, { state = 'doubtful', sid = a.sid, line = a.line, lang = a.language, cls = cls,
    a = math.min(a.arrived_ms, B.now), counter = a.counter, turn = a.turn, heard = a.turn > 0 and '1' or '', cause = 'arrived',
    resurrected = '1', closed = a.closed and '1' or '', day = a.day_ms or 0 }, a.caller)
  if cls == 'danger' and a.away then B.danger(c, a.turn) elseif cls == 'danger' then B.set(c, { press = B.now }) end
  return c
end

local function language(c, a)
  if a.language == c.lang then return end
  B.emit('call.key', c, { meaning = 'language', turn = a.turn })
  local from = c.lang
  B.set(c, { lang = a.language })
  B.emit('call.language', c, { from = from, to = a.language })
  B.place(c)
end

-- A leg that asks for a later document than its room's has left that room by now, should nobody ever say so.
local function is_out(c, turn)
  local leg = B.legs(c)[c.sid]
  if not leg or not leg.joined or leg.out_by or turn <= B.turn_of(leg.label or '') then return end
  leg.out_by = B.now
  B.save_leg(c, c.sid, leg)
end

-- A leg that asks for its document is in no room, whatever a late callback says.
local function back(c)
  if c.inroom ~= '1' then return end
  B.apart(c)
  B.set(c, { inroom = '' })
  B.check_room(c)
end

-- Pressed while we were away: the class in the URL is the only word of it (S1, H6).
local function pressed_away(c, a)
  if a.cls == 'danger' and B.num(c.press) == 0 then return B.danger(c, a.turn) end
  B.raise_class(c, a.cls, a.cls == 'danger' and 'caller' or 'system', 'turn')
end

-- A call rebuilt from what others knew learns the graver class and the earlier ring from the caller's own URL (P4), and
-- who is calling.
local function learn(c, a)
  if (c.sid or '') == '' then B.set(c, { sid = a.sid }) end
  B.identify(c, a.caller)
  if not B.config().rank[a.cls] then return end
  if a.away then pressed_away(c, a) end
  if c.resurrected ~= '1' or c.heard == '1' then return end
  if a.arrived_ms < B.num(c.a) then
    B.set(c, { a = a.arrived_ms })
    redis.call('ZADD', P .. 'calls', c.a, c.id)
    B.place(c)
  end
  B.raise_class(c, a.cls, 'caller', 'turn')
  if a.cls == 'danger' and B.num(c.press) == 0 then
    B.set(c, { press = B.now })
    B.arm(c)
  end
end

-- The URL names the crisis line of the line on which the call is: its key was pressed, here or while we were away.
local function crisis(c, a)
  if a.line == c.line or B.line(c).crisis ~= a.line then return end
  B.emit('call.key', c, { meaning = 'crisis', turn = a.turn })
  B.to_crisis(c, 'standard', 'caller', 'key', nil, a.closed)
end

local function needed(c, a)
  if c.bd ~= '1' then return end
  B.set(c, { bd = '' })
  B.emit('call.key', c, { meaning = 'still_needed', turn = a.turn })
  B.place(c)
  B.arm(c)
  B.match_call(c)
end

-- The caller is answered with the room: the best that is known of their coming, should its callback be lost.
local function shown(c)
  if c.ro == '1' then redis.call('HSETNX', P .. 'legs:' .. c.id, 'D|' .. B.num(c.turn), B.now) end
  return B.view(c)
end

function B.move(a)
  local c = B.call(a.call)
  local fresh = not c
  if fresh then c = resurrect(a) end
  is_out(c, a.turn)
  if c.state == 'closed' or c.state == 'agency_only' then return B.view(c) end -- guard: closed_turn
  if a.still_needed or a.danger then needed(c, a) end
  crisis(c, a)
  if a.danger then B.danger(c, a.turn) end
  if fresh then return B.view(c, true) end
  learn(c, a)
  if c.away == '1' and a.sid ~= c.sid then B.back_on_the_line(c, a.sid, '') end -- pressed the key while we were away
  if a.turn >= B.num(c.turn) then language(c, a) end
  if a.turn <= B.num(c.turn) then return shown(c) end -- guard: old_turn
  B.set(c, { turn = a.turn, turned = B.now, heard = '1' })
  back(c)
  B.present(c, 'arrived')
  if (a.callback or '') ~= '' then B.callback_key(c, a.callback, a.turn) end
  return shown(c)
end
