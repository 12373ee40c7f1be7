-- rejoin: a new token for the same engagement after its leg died; older unused ones die (L6, L8).
-- KEYS[1] meta. ARGV[4] {call, spec, tab, token}. Returns {ok, call, offer, token, kind} or an answer.
function B.move(a)
  local c, s = B.call(a.call), B.spec(a.spec)
  if not c or not s then return B.answer(false, 'unknown') end
  if s.ecall ~= c.id then return B.answer(false, 'not_yours') end -- guard: rejoin_owner
  if s.estate ~= 'talking' and s.estate ~= 'reconnecting' then return B.answer(false, 'wrong_state') end -- guard: rejoin_state
  if s.tab ~= a.tab or s.used == s.token or (s.token or '') == '' then
    B.set(s, { token = a.token, tab = a.tab, used = '' })
  end
  return { ok = true, call = c.id, offer = s.eoffer or '', token = s.token, kind = 'rejoin' }
end
