-- arrive: a new call rings. A repeated request changes nothing.
-- KEYS[1] meta. ARGV[4] {call, sid, line, language, caller: {number_hash, number_cipher, withheld, verification}, ring_back, closed}.
-- Returns the call's view.
function B.move(a)
  local c = B.call(a.call)
  if c then return B.view(c) end -- guard: arrive_once
  B.set(B.meta, { counter = B.num(B.meta.counter) + 1 })
  c = B.create(a.call, { state = 'greeting', sid = a.sid, line = a.line, lang = a.language, closed = a.closed and '1' or '',
    cls = a.ring_back and 'agency' or B.line({ line = a.line }).class or B.config().class,
    a = B.now, counter = B.meta.counter, turn = 0, cause = 'arrived' }, a.caller)
  return B.view(c, true)
end
