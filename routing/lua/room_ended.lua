-- room_ended: the carrier ended a room; whoever was in it has left.
-- KEYS[1] meta. ARGV[4] {call, room_sid, at_ms?, earliest_ms?, latest_ms?}. Returns the call's view, or nothing for an unknown call.
function B.move(a)
  local c = B.call(a.call)
  if not c then return end
  B.set(c, { oldrooms = B.add_word(c.oldrooms, a.room_sid) })
  local sids = {}
  for sid, leg in pairs(B.legs(c)) do
    if leg.joined and leg.room_sid == a.room_sid then sids[#sids + 1] = sid end
  end
  table.sort(sids)
  for _, sid in ipairs(sids) do
    local leg = B.legs(c)[sid]
    leg.left_from = math.max(B.num(leg.at), (a.earliest_ms or a.at_ms or B.now) - B.time('asks_on'))
    B.leg_out(c, sid, leg.label, a.room_sid, a.at_ms or a.latest_ms)
  end
  if c.room_sid == a.room_sid then B.set(c, { room_sid = '' }) end
  return B.view(c)
end
