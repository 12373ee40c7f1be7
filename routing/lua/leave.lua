-- leave: the specialist goes; the caller hears it, and after 20 s is a new wait (L9).
-- KEYS[1] meta. ARGV[4] {call, spec}. Returns an answer.
local function alone(c, s)
  B.own(c, nil, s.eng, 'leave')
  local freed = B.clear_loss(c)
  for _, f in ipairs(B.dismiss(c, 'left')) do freed[#freed + 1] = f end
  B.empty_room(c)
  B.set(c, { seen = B.now, moved = '' })
  B.apart(c)
  B.move_caller(c, 'left')
  -- The place stays that of the first arrival; the wait plan begins anew.
  B.set(c, { held_until = B.now + B.time('left'), plan = B.now + B.time('left'), step = 1, did = '' })
  B.state(c, 'waiting', 'left')
  B.at('left', c.id, B.num(c.held_until))
  B.release_all(freed, c.id)
end

function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if s.ecall ~= c.id then return B.answer(false, 'not_yours') end -- guard: leave_owner
  if s.estate == 'wrapping' then return B.answer(true) end
  if s.estate == 'connecting' then
    B.fail_connect(s, 'left', true)
    return B.answer(true)
  end
  B.end_legs(c, s)
  local owned = c.owner == s.id
  B.eng_state(s, 'wrapping', 'left')
  if not owned or B.heir(c, s) then return B.answer(true) end
  if c.state == 'agency_only' or B.num(c.agency) > 0 then
    B.apart(c)
    if c.state == 'talking' then B.state(c, 'reconnecting', 'left') end
    B.own(c, nil, s.eng, 'leave')
    B.alarm('lost_specialist', c, s.id)
    B.left_with_agency(c, nil)
  else
    alone(c, s)
  end
  return B.answer(true)
end
