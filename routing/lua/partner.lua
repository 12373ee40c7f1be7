-- partner: another hotline speaks of a caller whom it would like to pass on.
-- KEYS[1] meta. ARGV[4] {what: ask|withdraw|look, partner, token, nonce, line?, language?, cls?, arrived_ms?}.
-- Returns an answer: `ask` ok when somebody is kept free for that caller; `look` says {arrived, served}.
local NONCE_MS = 120000 -- a signed request is good for less (app.partners.signing)
local TOLD_MS = 3600000 -- what was announced is remembered as long as a call

local WHAT = {
  ask = function(a, p)
    local key = P .. 'passing:' .. a.partner
    if p.call then return B.answer(false, 'arrived') end
    if B.verifying() then return B.answer(false, 'verifying') end
    if (redis.call('GET', key) or a.token) ~= a.token then return B.answer(false, 'busy') end
    local s = p.spec and B.spec(p.spec)
    if not s or B.num(s.kept) <= B.now then s = B.keep_free(a) end
    if not s then return B.answer(false, 'nobody') end
    B.set(p, { partner = a.partner, spec = s.id, a = a.arrived_ms, cls = a.cls, lang = a.language })
    p._ttl = TOLD_MS
    redis.call('SET', key, a.token, 'PX', B.num(s.kept) - B.now + B.time('passing'))
    B.emit('partner.asked', nil, { partner = a.partner, spec = s.id })
    return B.answer(true)
  end,
  withdraw = function(a, p)
    if redis.call('GET', P .. 'passing:' .. a.partner) == a.token then redis.call('DEL', P .. 'passing:' .. a.partner) end
    B.unkeep(p.spec and not p.call and B.spec(p.spec))
    return B.answer(true)
  end,
  look = function(_, p)
    local c = p.call and B.call(p.call)
    local tog = c and B.num(c.tog) > 0 and B.now - B.num(c.tog) >= 1000
    return B.answer(true, '', { arrived = c ~= nil and c ~= false, served = c and (tog or B.num(c.ans) > 0 or c.rolled == '1') or false })
  end,
}

function B.move(a)
  if not redis.call('SET', P .. 'nonce:' .. a.partner .. ':' .. a.nonce, '1', 'NX', 'PX', NONCE_MS) then
    return B.answer(false, 'replayed')
  end
  local p = B.load('pass', a.token)
  if p.partner and p.partner ~= a.partner then return B.answer(false, 'unknown') end
  return WHAT[a.what](a, p)
end
