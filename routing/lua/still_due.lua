-- still_due: does the board still expect this effect? Asked immediately before the request (L3).
-- KEYS[1] meta. ARGV[4] {id}. Returns true or false.
B.readonly = true

local ROOM = { connecting = true, talking = true, reconnecting = true }

local WHY = {
  connect = function(c) return c.ro == '1' and c.inroom ~= '1' and ROOM[c.state] end,
  hold = function(c) return c.state ~= 'closed' and c.ro ~= '1' end,
  reconnect = function(c) return c.state == 'reconnecting' and c.phase == 'moved' end,
  left = function(c) return c.state == 'waiting' end,
  backup = function(c) return c.state == 'backup_ringing' end,
}

local DUE = {
  move_caller = function(c, d) return c.state ~= 'closed' and c.sid == d.sid and WHY[d.why](c) end,
  complete_leg = function(c, d)
    local leg = B.legs(c)[d.sid]
    if d.role == 'caller' then return redis.call('HEXISTS', P .. 'legs:' .. c.id, 'E|' .. d.sid) == 0 end
    return not (leg and leg.ended)
  end,
  end_room = function(c, d)
    return c.inroom ~= '1' and B.num(c.agency) == 0 and not B.has_word(c.oldrooms, d.room_sid)
      and not (c.state == 'connecting' and c.room_sid == d.room_sid)
  end,
  announce = function(c) return c.phase == 'silent' end,
  unhold = function() return true end,
  dial_agency = function(c, d)
    for _, leg in pairs(B.legs(c)) do
      if leg.label == d.label then return false end
    end
    return c.state ~= 'closed' and B.has_word(c.handoffs, d.handoff)
  end,
}

function B.move(a)
  local raw = redis.call('HGET', P .. 'fx', a.id)
  if not raw then return false end
  local fx = cjson.decode(raw)
  local c = B.call(fx.call)
  return c ~= nil and fx.expires > B.now and DUE[fx.kind](c, fx.data) and true or false
end
