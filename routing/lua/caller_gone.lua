-- caller_gone: a terminal carrier status of the caller's leg. Closes, or `agency_only` while an agency is in the room.
-- KEYS[1] meta. ARGV[4] {call, sid, status, side, at_ms?, earliest_ms?, latest_ms?}. Returns the call's view, or nothing for an unknown call.
function B.move(a)
  local c = B.call(a.call)
  if c and (c.sid or '') == '' then B.set(c, { sid = a.sid }) end -- rebuilt by a console; a call is named by its leg
  if not c or a.sid ~= c.sid then return c and B.view(c) end -- guard: other_leg
  return B.caller_over(c, a)
end
