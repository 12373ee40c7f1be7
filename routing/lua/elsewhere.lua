-- elsewhere: the carrier shows a waiting caller put through to a telephone that this board has not rung.
-- KEYS[1] meta. ARGV[4] {call}. Returns nothing.
function B.move(a)
  local c = B.call(a.call)
  if not c or (c.state ~= 'waiting' and c.state ~= 'offered' and c.state ~= 'greeting') then return end
  if c.state == 'greeting' then B.state(c, 'waiting', 'arrived') end
  local freed = B.rescind(c, 'elsewhere')
  B.state(c, 'doubtful', 'elsewhere')
  B.release_all(freed, c.id)
end
