-- An interpreter: a telephone rung into the room by the owner's wish. Nobody of the caller's own: never with the caller
-- alone, and no reason for a room to live (L10).
--
-- Of a call: `interp` the label under which one is rung or there, `interp_lang`, `interp_in` it is in the room, `interp_n` how
-- many were rung.

function B.interpret(c, language, numbers, nonce)
  local n = B.num(c.interp_n)
  local label = 'interpreter_' .. language .. '_' .. nonce
  B.set(c, { interp = label, interp_lang = language, interp_in = '', interp_n = n + 1 })
  B.emit('call.interpreter', c, { state = 'ringing', language = language, label = label })
  B.at('interp', c.id, B.now + B.time('interpreter'))
  B.effect('dial_interpreter', c, { room = c.room or '', room_sid = c.room_sid or '', label = label,
    to_cipher = numbers[n % #numbers + 1] })
end

-- Over, whatever leg there was or may still come. `why`: `off`, `left`, `unanswered`, `alone`.
function B.interpreter_over(c, why)
  local label = c.interp or ''
  if label == '' then return end
  B.off('interp', c.id)
  B.set(c, { interp = '', interp_in = '' })
  B.emit('call.interpreter', c, { state = why, language = c.interp_lang, label = label })
  for sid, leg in pairs(B.legs(c)) do
    if leg.label == label and not leg.ended and not leg.dead then B.complete_leg(c, sid, 'interpreter') end
  end
end

-- Came: beside somebody of ours who speaks with the caller, or not at all.
function B.interpreter_in(c, sid, label)
  if c.interp ~= label then return B.complete_leg(c, sid, 'interpreter') end -- guard: interpreter_ghost
  if c.state ~= 'talking' then return B.interpreter_over(c, 'alone') end -- guard: interpreter_alone
  if c.interp_in == '1' then return end
  B.off('interp', c.id)
  B.set(c, { interp_in = '1' })
  B.emit('call.interpreter', c, { state = 'there', language = c.interp_lang, label = label })
end

function B.interpreter_out(c, label)
  if c.interp == label then B.interpreter_over(c, c.interp_in == '1' and 'left' or 'unanswered') end
end

-- Rung for long enough.
function B.on.interp(id)
  local c = B.call(id)
  if c and c.interp_in ~= '1' then B.interpreter_over(c, 'unanswered') end
end
