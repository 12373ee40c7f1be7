-- ask: the owner asks a colleague in, to hand the call over (`transfer`) or to talk with them alone first (`consult`); an
-- offer beside the call, whose state stays (L10). One at a time; asked the same again it is the same offer.
-- KEYS[1] meta. ARGV[4] {call, spec, kind, to: a person or empty, lanes: space separated}. Returns an answer; data {offer, spec}.
local function made(o) return B.answer(true, '', { offer = o.id, spec = o.spec }) end

function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if c.owner ~= s.id then return B.answer(false, 'not_yours') end -- guard: ask_owner
  if c.state ~= 'talking' then return B.answer(false, 'wrong_state') end -- guard: ask_state
  if B.verifying() then return B.answer(false, 'verify') end -- guard: ask_verify
  local way, open = a.kind .. '|' .. a.to .. '|' .. a.lanes, B.load('offer', B.words(c.asks)[1] or '')
  if open.way == way then return made(open) end
  if open.id then return B.answer(false, 'asking') end -- guard: ask_once
  local found = B.find_colleague(c, a.to, B.words(a.lanes))
  if not found then return B.answer(false, a.to ~= '' and 'not_free' or 'nobody_free') end
  return made(B.ask(c, found, a.kind, s.id, way))
end
