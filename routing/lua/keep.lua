-- keep: the record knows a callback that nobody has rung back yet, and an emptied board does not (S2, P4).
-- KEYS[1] meta. ARGV[4] {call, sid, told: line, language, class, arrived_ms, counter, number_hash, number_cipher}. Returns nothing.
local function live_call_of(nh)
  local c = nh ~= '' and B.call(redis.call('GET', P .. 'known:' .. nh) or '')
  return c and c.state ~= 'closed' and c.away ~= '1' and c
end

function B.move(a)
  local told = a.told
  if B.call(a.call) or (told.number_cipher or '') == '' then return end -- guard: keep_once
  local live = live_call_of(told.number_hash or '')
  B.set(B.meta, { counter = math.max(B.num(B.meta.counter), told.counter or 0) })
  local line = B.config().lines[told.line or ''] and told.line or B.config().default
  local c = B.create(a.call, { state = 'callback', sid = a.sid, line = line, cb = '1', away = '1', safe = told.safe or 'yes',
    lang = told.language or B.config().lines[line].language, cls = B.config().rank[told.class] and told.class or B.config().class,
    a = told.arrived_ms, counter = told.counter or 0, turn = told.turn or 0, cause = 'taken', resurrected = '1' },
    { number_hash = told.number_hash, number_cipher = told.number_cipher, withheld = false })
  redis.call('SET', P .. 'cback:' .. c.nh, c.id)
  if live and B.num(live.a) > B.num(c.a) then -- has rung in meanwhile
    local from = B.rings_in({ number_hash = c.nh })
    if from then B.inherit(live, from) end
    return
  end
  B.place(c)
  B.match_call(c)
end
