-- take_over: a lead whose leg is in the room, aloud, becomes the owner; who was it stays as a second helper (L10).
-- KEYS[1] meta. ARGV[4] {call, spec}. Returns an answer.
local MAY = { talking = true, reconnecting = true, agency_only = true }

-- The leg that listened is the owner's from now on.
local function sit_down(c, s)
  local sid = s.wsid
  local leg = B.legs(c)[sid]
  B.watch_forget(c, s, 'take_over')
  B.engage(s, c, '', 'owner')
  B.set(s, { legsid = sid, there = '1', media = '1', join_at = leg.at or B.now, cbeat = B.now })
  leg.role = 'owner'
  B.save_leg(c, sid, leg)
end

function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.owner == s.id then return B.answer(true) end -- guard: take_over_once
  if not MAY[c.state] then return B.answer(false, 'wrong_state') end -- guard: take_over_state
  if s.wcall ~= c.id or s.wthere ~= '1' or s.wmode ~= 'barge' then return B.answer(false, 'join_first') end -- guard: take_over_join
  local old, moved = B.owner(c), c.phase == 'moved'
  sit_down(c, s)
  B.take_over(c, s, 'take_over')
  if moved and c.state ~= 'agency_only' then B.summon(c) end
  if s.estate == 'connecting' then
    B.eng_state(s, 'talking', 'take_over')
    B.watch(s)
  end
  if old and old.estate == 'reconnecting' then B.at('helper', old.id, B.now + B.time('giveup')) end
  B.help(c, s.id, false)
  return B.answer(true)
end
