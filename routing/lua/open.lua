-- open: adopt the stored epoch, or begin a new one in verify mode (S2); writes the configuration.
-- KEYS[1] meta. ARGV[4] {known: greatest epoch known elsewhere or "", config: JSON text, revision, rand: hex}.
-- Returns {epoch, begun}. Runs without the epoch check: it is what makes the epoch.
local function newer(a, b)
  local am, ar = string.match(a, '^(%d+)-(.*)$')
  local bm, br = string.match(b, '^(%d+)-(.*)$')
  if not bm then return true end
  if tonumber(am) ~= tonumber(bm) then return tonumber(am) > tonumber(bm) end
  return ar >= br
end

-- What an older board says is kept, but nobody is matched on it before being heard of again.
local function distrust()
  for _, id in ipairs(redis.call('ZRANGE', P .. 'calls', 0, -1)) do
    local c = B.call(id)
    if c then
      for _, s in ipairs(B.rescind(c, 'epoch')) do B.duty(s, 'idle', id) end
      for _, s in ipairs(B.unask(c, 'epoch')) do B.duty(s, 'idle', id) end
      if c.state == 'waiting' then B.state(c, 'doubtful', 'epoch') end
    end
  end
end

local args = cjson.decode(ARGV[4])
local m = B.load('meta')
B.meta = m
local now, raw = B.clock(m)
B.now = now or raw
B.keep_config(args)
if now and m.epoch and not B.older(m.x) and (args.known == '' or newer(m.epoch, args.known)) then
  B.epoch = m.epoch
  return B.finish({ epoch = m.epoch, begun = false })
end
local ms = math.max(B.now, (tonumber(string.match(args.known, '^(%d+)')) or 0) + 1,
  (tonumber(string.match(m.epoch or '', '^(%d+)')) or 0) + 1)
B.epoch = string.format('%.0f-%s', ms, args.rand)
B.set(m, { epoch = B.epoch, t = B.now, verify = B.now + B.time('verify'), alive = 0, alive2 = 0 })
local sm, sn = string.match(ARGV[7] or '', '^(%d+)%-(%d+)$') -- a stream never goes back behind what was seen of it
local clock = redis.call('TIME')[1] * 1000 -- the stream's own, whole seconds, also where a test brings its time
if B.older(m.x) and tonumber(sm) >= clock then B.xid = sm .. '-' .. string.format('%.0f', tonumber(sn) + 1) end
B.emit('epoch.opened', nil, { epoch = B.epoch, verify = true })
distrust()
B.at('verify', 'all', B.num(m.verify))
return B.finish({ epoch = B.epoch, begun = true })
