-- hand_over: the owner gives the call to a colleague whose leg is in the room, with media; the record and the change of
-- roles are one script, and who gave it stays as a helper until they leave (L10).
-- KEYS[1] meta. ARGV[4] {call, spec, to}. Returns an answer.
local MAY = { talking = true, agency_only = true }

function B.move(a)
  local c, s, t = B.call(a.call), B.spec(a.spec), B.spec(a.to)
  if not c or not s or not t then return B.answer(false, 'unknown') end
  if c.owner == t.id and c.before == s.id then return B.answer(true) end -- guard: hand_once
  if c.owner ~= s.id then return B.answer(false, 'not_yours') end -- guard: hand_owner
  if not MAY[c.state] then return B.answer(false, 'wrong_state') end -- guard: hand_state
  local there = t.ecall == c.id and t.estate == 'talking' and t.there == '1' and t.media == '1'
  if t.id == s.id or not there then return B.answer(false, 'not_there') end -- guard: hand_there
  B.take_over(c, t, 'transfer')
  return B.answer(true)
end
