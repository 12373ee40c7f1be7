-- verified: one fetch agrees that the caller's leg is live: `doubtful` becomes `waiting`.
-- KEYS[1] meta. ARGV[4] {call}. Returns nothing.
function B.move(a)
  local c = B.call(a.call)
  if c and (c.state == 'doubtful' or c.state == 'waiting') then B.present(c, 'verified') end
end
