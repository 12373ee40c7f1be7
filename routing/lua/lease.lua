-- lease: take or renew a lease (for economy only; correctness is compare-and-set).
-- KEYS[1] meta. ARGV[4] {name, holder, ttl_ms}. Returns the fencing number, 0 when somebody else holds it.
function B.move(a)
  local l = B.load('lease', a.name)
  if l.holder ~= a.holder and B.num(l.untl) > B.now then return 0 end -- guard: lease
  if l.holder ~= a.holder then B.set(l, { fence = math.max(B.num(l.fence) + 1, B.now) }) end
  B.set(l, { holder = a.holder, untl = B.now + a.ttl_ms })
  return B.num(l.fence)
end
