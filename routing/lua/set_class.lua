-- set_class: what people decide about a call's class. Lowering needs a person and a reason; re-orders at once. Of a
-- warm line's call, any class above warm makes it the crisis line's.
-- KEYS[1] meta. ARGV[4] {call, cls, who, why, id?}: repeating an id changes nothing. Returns an answer.
function B.move(a)
  local c, rank = B.call(a.call), B.config().rank
  if not c or not rank[a.cls] or a.cls == 'agency' then return B.answer(false, 'unknown') end
  if c.state == 'closed' then return B.answer(false, 'wrong_state') end
  if c.away == '1' and B.config().parallel[a.cls] then return B.answer(false, 'away') end -- guard: class_away
  if rank[a.cls] < rank[c.cls] and (a.who == '' or a.why == '') then return B.answer(false, 'needs_reason') end -- guard: lower
  if a.id and not B.once(c, 'C', a.id) then return B.answer(true, '', { repeated = true }) end -- guard: class_once
  local same = c.cls == a.cls
  if rank[a.cls] > rank.warm and B.line(c).crisis then
    B.to_crisis(c, a.cls, a.who, a.why, a.id)
  end
  B.set_class(c, a.cls, a.who, a.why, a.id)
  B.match_call(c)
  return B.answer(true, '', { same = same })
end
