-- Effects: which are still due, and how they end (L3).

local ROOM = { connecting = true, calling_back = true, talking = true, reconnecting = true }

-- The caller's moves by reason: documents are level-triggered, so a move that is no longer needed is dropped.
local WHY = {
  connect = function(c) return c.ro == '1' and c.inroom ~= '1' and (ROOM[c.state] or B.num(c.agency) > 0) end,
  hold = function(c) return c.state ~= 'closed' and c.away ~= '1' and c.ro ~= '1' end,
  reconnect = function(c) return c.state == 'reconnecting' and c.phase == 'moved' end,
  left = function(c) return c.state == 'waiting' end,
  backup = function(c) return c.state == 'backup_ringing' end,
}

-- A telephone has been rung under this label: its callbacks tell of it.
local function rung(c, label)
  for _, leg in pairs(B.legs(c)) do
    if leg.label == label then return true end
  end
end

-- What each kind of effect still needs to be true.
local DUE = {
  move_caller = function(c, d, fx) -- who has asked for a document since then was answered with what is true
    return c.state ~= 'closed' and c.sid == d.sid and B.num(c.turn) <= B.num(fx.turn) and WHY[d.why](c)
  end,
  complete_leg = function(c, d)
    local leg = B.legs(c)[d.sid]
    if d.role == 'caller' then return redis.call('HEXISTS', P .. 'legs:' .. c.id, 'E|' .. d.sid) == 0 end
    return not (leg and leg.ended)
  end,
  end_room = function(c, d)
    return c.inroom ~= '1' and not B.agency_near(c) and not B.has_word(c.oldrooms, d.room_sid)
      and not (B.connecting(c) and c.room_sid == d.room_sid)
  end,
  announce = function(c) return c.phase == 'silent' end,
  hold = function(c) return B.held(c) > 0 end,
  unhold = function(c) return B.held(c) == 0 end,
  supervise = function(c, d) return B.watch_due(c, d) end,
  dial_agency = function(c, d) return not rung(c, d.label) and c.state ~= 'closed' and B.has_word(c.handoffs, d.handoff) end,
  dial_partner = function(c, d) return B.may_pass(c, d.partner) end,
  dial_interpreter = function(c, d) return not rung(c, d.label) and c.interp == d.label end,
  dial_caller = function(c, d) return not rung(c, d.label) and c.state == 'calling_back' and c.ring == d.label end,
}

-- Does the board still expect this effect?
function B.due(fx)
  local c = B.call(fx.call)
  return c ~= nil and fx.expires > B.now and DUE[fx.kind](c, fx.data, fx) and true or false
end

function B.drop_effect(fx, id, result)
  redis.call('HDEL', P .. 'fx', id)
  redis.call('ZREM', P .. 'fxdue', id)
  if not fx then return end
  local c = B.load('call', fx.call)
  B.emit('effect.failed', c, { effect = id, kind = fx.kind, result = result })
  -- An announcement or a move that is out of date has lost nothing: the next turn or the next one says it again.
  if fx.kind ~= 'announce' and fx.kind ~= 'move_caller' and fx.kind ~= 'dial_partner' then B.alarm('effect_failed', c, nil, fx.data.handoff) end
  if fx.kind == 'dial_agency' then B.dialled(c, fx.data.handoff) end
  if fx.kind == 'dial_partner' then B.not_passed(c, 'away') end
  if fx.kind == 'dial_caller' then B.unrung(c, fx.data.label, 'failed') end
  if fx.kind == 'dial_interpreter' then B.interpreter_out(c, fx.data.label) end
  -- Who sits in a room makes no turns: a move out of it is asked for until it is done, or nothing is left to do.
  if fx.kind == 'move_caller' and c.inroom == '1' and c.ro ~= '1' and (c.state or 'closed') ~= 'closed' then
    B.move_caller(c, 'hold')
  end
end

-- Nothing is left to do: the board has moved on since it was decided.
function B.skip_effect(fx)
  redis.call('HDEL', P .. 'fx', fx.id)
  redis.call('ZREM', P .. 'fxdue', fx.id)
  B.emit('effect.done', B.load('call', fx.call), { effect = fx.id, kind = fx.kind, result = { skipped = true } })
end
