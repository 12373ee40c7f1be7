-- numbers: which numbers are never limited (C6), and which calls were connected on lines that limit them; this epoch has
-- heard it then. KEYS[1] meta. ARGV[4] {marks: [number hash], met: [[line, number hash, call, ms]]}. Returns nothing.
function B.move(a)
  redis.call('DEL', P .. 'marks')
  for _, nh in ipairs(a.marks) do redis.call('HSET', P .. 'marks', nh, '1') end
  for _, one in ipairs(a.met) do B.count(one[1], one[2], one[3], one[4]) end
  B.set(B.meta, { marks = B.epoch })
  for _, id in ipairs(redis.call('ZRANGE', P .. 'calls', 0, -1)) do
    local c = B.call(id)
    if c and (c.nh or '') ~= '' then
      B.judge(c)
      B.kin_due(c)
    end
  end
  return true
end
