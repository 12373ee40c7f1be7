-- effect_done: the result of an effect. A failed one is tried again until it expires.
-- KEYS[1] meta. ARGV[4] {id, ok, result}. Returns nothing.
function B.move(a)
  local raw = redis.call('HGET', P .. 'fx', a.id)
  if not raw then return end -- guard: effect_once
  local fx = cjson.decode(raw)
  if a.ok then
    redis.call('HDEL', P .. 'fx', fx.id)
    redis.call('ZREM', P .. 'fxdue', fx.id)
    B.emit('effect.done', B.load('call', fx.call), { effect = fx.id, kind = fx.kind, result = a.result })
  elseif B.now + B.time('retry') >= fx.expires then
    B.drop_effect(fx, fx.id, 'failed')
  else
    if fx.kind == 'dial_agency' and fx.attempt == 3 then B.alarm('agency_failed', B.load('call', fx.call)) end
    redis.call('ZADD', P .. 'fxdue', B.now + B.time('retry'), fx.id)
  end
end
