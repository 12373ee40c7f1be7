-- wrapped: wrap-up is done; free for the next.
-- KEYS[1] meta. ARGV[4] {spec}. Returns the person's view.
function B.move(a)
  local s = B.spec(a.spec)
  if not s then return B.spec_view({ id = a.spec, duty = 'idle' }) end
  if s.estate == 'wrapping' then B.unwrap(s, 'person') end
  return B.spec_view(s)
end
