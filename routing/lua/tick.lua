-- tick: carries out due timers, earliest first.
-- KEYS[1] meta. ARGV[4] {limit}. Returns ms until the next timer, at most 1,000.
function B.move(a)
  local key = P .. 'timers'
  for _ = 1, a.limit do
    local due = redis.call('ZRANGEBYSCORE', key, '-inf', B.now, 'LIMIT', 0, 1)[1]
    if not due then break end
    redis.call('ZREM', key, due)
    local kind, id = string.match(due, '^([^|]+)|(.*)$')
    B.on[kind](id)
  end
  local nxt = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if not nxt then return 1000 end
  return math.max(0, math.min(1000, math.ceil(tonumber(nxt) - B.now)))
end
