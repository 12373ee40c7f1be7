-- arrive: a new call rings. A repeated request changes nothing.
-- KEYS[1] meta. ARGV[4] {call, sid, line, language, caller: {number_hash, number_cipher, withheld, verification}, ring_back, closed, via,
-- day_ms: when the line's day began}.
-- Returns the call's view.
-- `via`: on the number of a partner's, who may have announced this caller: then they have their first arrival's place.
function B.move(a)
  local c = B.call(a.call)
  if c then return B.view(c) end -- guard: arrive_once
  local from = not a.via and B.rings_in(a.caller) or nil
  local told = a.via and B.announced(a.via) or {}
  B.set(B.meta, { counter = B.num(B.meta.counter) + 1 })
  c = B.create(a.call, { state = 'greeting', sid = a.sid, line = a.line, lang = told.lang or a.language,
    cls = told.cls or a.ring_back and 'agency' or B.line({ line = a.line }).class or B.config().class,
    closed = a.closed and '1' or '', day = a.day_ms or 0, a = math.min(B.num(told.a or B.now), B.now), counter = B.meta.counter, turn = 0,
    cause = 'arrived', via = a.via }, a.caller)
  if told.spec then
    B.set(told, { call = c.id })
    B.present(c, 'arrived') -- then whoever was kept free is there for the first of all callers (P1)
    B.unkeep(B.spec(told.spec))
  end
  if from then B.inherit(c, from) end
  return B.view(c, true)
end
