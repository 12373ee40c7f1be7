-- verified: one fetch agrees that the caller's leg is live: `doubtful` or `greeting` becomes `waiting`.
-- KEYS[1] meta. ARGV[4] {call}. Returns nothing.
function B.move(a)
  local c = B.call(a.call)
  if c and (c.state == 'doubtful' or c.state == 'waiting' or c.state == 'greeting') then
    -- There, but in no hold loop: asks for no document any more, so it is fetched back.
    if B.now - B.num(c.turned) > 2 * B.time('doubt') then B.move_caller(c, 'hold') end
    B.present(c, 'verified')
  end
end
