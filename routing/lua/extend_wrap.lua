-- extend_wrap: more time for wrap-up, counted from now.
-- KEYS[1] meta. ARGV[4] {spec}. Returns an answer.
function B.move(a)
  local s = B.spec(a.spec)
  if not s then return B.answer(false, 'unknown') end
  if s.estate ~= 'wrapping' then return B.answer(false, 'wrong_state') end -- guard: extend_state
  B.wrap_from_now(s)
  B.emit('specialist.wrap', nil, { spec = s.id, until_ms = s.wrapto })
  return B.answer(true)
end
