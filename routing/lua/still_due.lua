-- still_due: does the board still expect this effect? Asked immediately before the request (L3); if not, it is dropped.
-- A telephone is rung by one executor at a time: a claim may have run out in a queue, so the request has one of its own.
-- KEYS[1] meta. ARGV[4] {id}. Returns which try this is, 0 if it is not to be made.
function B.move(a)
  local raw = redis.call('HGET', P .. 'fx', a.id)
  if not raw then return 0 end
  local fx = cjson.decode(raw)
  if not B.due(fx) then
    if fx.expires > B.now then B.skip_effect(fx) else B.drop_effect(fx, fx.id, 'expired') end
    return 0
  end
  if B.num(fx.asking) > B.now then return 0 end -- guard: one_executor
  fx.attempt = fx.attempt + 1
  if string.sub(fx.kind, 1, 5) == 'dial_' then
    fx.asking = B.now + B.time('claim_dial')
    redis.call('ZADD', P .. 'fxdue', fx.asking, fx.id)
  end
  redis.call('HSET', P .. 'fx', fx.id, cjson.encode(fx))
  return fx.attempt
end
