-- wrapped: wrap-up is done; free for the next.
-- KEYS[1] meta. ARGV[4] {spec}. Returns the person's view, or nothing when unknown.
function B.move(a)
  local s = B.spec(a.spec)
  if not s then return end
  if s.estate == 'wrapping' then B.unwrap(s, 'person') end
  return B.spec_view(s)
end
