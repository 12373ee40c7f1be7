-- still_due: does the board still expect this effect? Asked immediately before the request (L3); if not, it is dropped.
-- KEYS[1] meta. ARGV[4] {id}. Returns true or false.
function B.move(a)
  local raw = redis.call('HGET', P .. 'fx', a.id)
  if not raw then return false end
  local fx = cjson.decode(raw)
  if B.due(fx) then return true end
  if fx.expires > B.now then B.skip_effect(fx) else B.drop_effect(fx, fx.id, 'expired') end
  return false
end
