-- clinical: a clinical fact (S4). Never refused: a console re-sends its copy until it is recorded, even after the end.
-- KEYS[1] meta. ARGV[4] {call, spec, kind, id, facts, cipher}. Returns an answer.
function B.move(a)
  local c = B.load('call', a.call)
  if not c.id then c = { id = a.call, state = c.state, n = 0, _key = c._key, _dirty = {} } end
  if not B.once(c, 'C', a.id) then return B.answer(true, '', { repeated = true }) end -- guard: clinical_once
  redis.call('PEXPIRE', P .. 'legs:' .. a.call, B.time('keep') * 24)
  B.emit('clinical', c, { id = a.id, spec = a.spec, kind = a.kind, facts = a.facts, cipher = a.cipher })
  if a.kind == 'safe_to_call' and c.state then B.safe_to_call(c, a.facts.safe_to_call) end
  if a.kind == 'risk' and c.state then
    local f = a.facts -- what is left out stays what it was
    if f.screened then B.set(c, { screened = f.screened }) end
    if f.judged then B.set(c, { judged = f.judged }) end
    if f.imminent ~= nil and f.imminent ~= cjson.null then B.set(c, { imminent = (f.imminent == true or f.imminent == 'yes') and '1' or '' }) end
    local level = c.judged or c.screened
    local high = level == 'high' or level == 'imminent' or c.imminent == '1'
    if high and c.risk ~= '1' then B.alarm('declared_high', c, a.spec) end
    B.set(c, { risk = high and '1' or '' })
  end
  return B.answer(true)
end
