-- set_presence: what the person chose. An open offer of somebody who goes is declined.
-- KEYS[1] meta. ARGV[4] {profile: {spec, role, level, lanes, on_shift}, presence}. Returns the person's view.
function B.move(a)
  local s = B.profile(a.profile)
  B.set(s, { bepoch = B.epoch, beat = B.now, unreach = '', shy = 0, missed = 0 })
  B.presence(s, a.presence, 'person')
  if a.presence == 'break' or a.presence == 'offline' then B.set(s, { hard = 0 }) end
  if (s.offer or '') ~= '' and a.presence ~= 'available' and a.presence ~= 'on_demand' then
    B.decline_offer(B.load('offer', s.offer), 'presence')
  end
  if B.idle_sync(s) or s.duty == 'idle' then B.match_spec(s) end
  return B.spec_view(s)
end
