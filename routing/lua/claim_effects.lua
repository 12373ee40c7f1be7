-- claim_effects: effects due, claimed for 1.5 s, or 8 s where a telephone is rung (L3); a try begins with `still_due`. Those past their expiry are dropped with an event.
-- KEYS[1] meta. ARGV[4] {limit}. Returns a list of effects.
function B.move(a)
  local out = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'fxdue', '-inf', B.now, 'LIMIT', 0, a.limit)) do
    local raw = redis.call('HGET', P .. 'fx', id)
    local fx = raw and cjson.decode(raw)
    if fx and fx.expires > B.now and not B.due(fx) then
      B.skip_effect(fx)
    elseif fx and fx.expires > B.now then
      redis.call('ZADD', P .. 'fxdue', B.now + B.time(string.sub(fx.kind, 1, 5) == 'dial_' and 'claim_dial' or 'claim'), id)
      out[#out + 1] = fx
    else
      B.drop_effect(fx, id, 'expired')
    end
  end
  return #out > 0 and out or cjson.null
end
