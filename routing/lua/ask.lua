-- ask: the owner asks a colleague in, to hand the call over (`transfer`) or to talk with them alone first (`consult`); an
-- offer beside the call, whose state stays (L10). One at a time; asked the same again it is the same offer.
-- `up`: from a warm line up to the people of its crisis line, and the call is a crisis call from then on.
-- KEYS[1] meta. ARGV[4] {call, spec, kind, to: a person or empty, lanes: space separated, up}. Returns an answer; data {offer, spec}.
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
  local up = a.up and B.line(c).crisis
  if a.up and not up then return B.answer(false, 'not_warm') end -- guard: ask_up
  local found = B.find_colleague(c, a.to, B.words(a.lanes), up)
  if not found then return B.answer(false, a.to ~= '' and 'not_free' or 'nobody_free') end
  if up then B.to_crisis(c, 'standard', s.id, 'transfer up') end
  return made(B.ask(c, found, a.kind, s.id, way))
end
