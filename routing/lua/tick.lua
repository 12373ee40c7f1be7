-- tick: carries out due timers, earliest first.
-- KEYS[1] meta. ARGV[4] {limit}. Returns ms until the next timer, at most 1,000.
-- A timer whose handler raises is tried again after so long; the others are carried out meanwhile.
local RETRY_MS = 5000

function B.move(a)
  local key = P .. 'timers'
  for _ = 1, a.limit do
    local due = redis.call('ZRANGEBYSCORE', key, '-inf', B.now, 'LIMIT', 0, 1)[1]
    if not due then break end
    redis.call('ZREM', key, due)
    local kind, id = string.match(due, '^([^|]+)|(.*)$')
    local ok, why = pcall(B.on[kind], id)
    if not ok then -- what is written stays written: the timer too is kept before the script breaks off
      B.forget()
      B.at(kind, id, B.now + RETRY_MS)
      B.flush() -- what it has told the stream has used up its numbers
      error(why)
    end
    B.flush() -- whoever breaks next takes nothing of this one along
  end
  local nxt = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if not nxt then return 1000 end
  return math.max(0, math.min(1000, math.ceil(tonumber(nxt) - B.now)))
end
