-- effect_done: the result of an effect. A failed one is tried again until it expires.
-- KEYS[1] meta. ARGV[4] {id, attempt, ok, result}. Returns nothing.
function B.move(a)
  local raw = redis.call('HGET', P .. 'fx', a.id)
  if not raw then return end -- guard: effect_once
  local fx = cjson.decode(raw)
  if a.ok then
    redis.call('HDEL', P .. 'fx', fx.id)
    redis.call('ZREM', P .. 'fxdue', fx.id)
    B.emit('effect.done', B.load('call', fx.call), { effect = fx.id, kind = fx.kind, result = a.result })
    return
  end
  if fx.attempt ~= a.attempt then return end -- guard: failed_try
  if B.now + B.time('retry') >= fx.expires then return B.drop_effect(fx, fx.id, 'failed') end
  if fx.kind == 'dial_agency' and fx.attempt == 3 then B.alarm('agency_failed', B.load('call', fx.call), nil, fx.data.handoff) end
  fx.asking = 0
  redis.call('HSET', P .. 'fx', fx.id, cjson.encode(fx))
  redis.call('ZADD', P .. 'fxdue', B.now + B.time('retry'), fx.id)
end
