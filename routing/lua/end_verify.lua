-- end_verify: one pass agreed with the carrier; matching begins (S2).
-- KEYS[1] meta. ARGV[4] {}. Returns nothing.
function B.move()
  B.set(B.meta, { verify = B.now })
  B.off('verify', 'all')
  B.match_all()
end
