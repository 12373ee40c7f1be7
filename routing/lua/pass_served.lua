-- pass_served: the partner says that a person there has spoken with the caller whom we passed on.
-- KEYS[1] meta. ARGV[4] {call}. Returns nothing.
function B.move(a)
  local c = B.call(a.call)
  if not c or (c.passed or '') == '' or c.rolled == '1' then return end
  B.set(c, { rolled = '1' })
  B.emit('partner.served', c, { partner = c.passed })
end
