-- pass_on: what the partner has said: somebody is kept free there (`yes`), or not.
-- KEYS[1] meta. ARGV[4] {call, partner, yes, cause}. Returns an answer; not ok when the caller is not to go there any more.
function B.move(a)
  local c = B.call(a.call)
  if not c or not B.may_pass(c, a.partner) then return B.answer(false, 'not_waiting') end
  if a.yes then B.pass_on(c) else B.not_passed(c, a.cause) end
  return B.answer(true)
end
