-- rung: a telephone that we ring back has been answered and asks for words; with `key` whoever is there has pressed it.
-- KEYS[1] meta. ARGV[4] {call, sid, label, key}. Returns an answer; refused: nothing is to be said (any more). data {view} after the key.
function B.move(a)
  local c = B.call(a.call)
  if not c or c.state == 'closed' then return B.answer(false, 'unknown') end
  if c.sid == a.sid then return B.answer(true, '', { view = B.view(c) }) end
  if c.away ~= '1' or B.turn_of(a.label) == 0 then return B.answer(false, 'not_yours') end -- guard: rung_away
  if not B.is_rung(c, a.sid, a.label) then return B.answer(false, 'not_yours') end -- guard: rung_once
  if a.key then
    B.back_on_the_line(c, a.sid, a.label)
    return B.answer(true, '', { view = B.view(c) })
  end
  if c.ring ~= a.label then return B.answer(false, 'not_yours') end -- guard: rung_late
  local leg = B.legs(c)[a.sid] or { role = 'caller', who = c.id, label = a.label, joined = false }
  leg.greeted = true
  B.save_leg(c, a.sid, leg)
  return B.answer(true)
end
