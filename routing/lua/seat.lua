-- seat: a specialist's softphone leg asks for its document. One leg a token (L6).
-- KEYS[1] meta. ARGV[4] {spec, offer, call, token, sid, nonce}. Returns {ok, reason, call, room, label, role}.
local OPEN = { connecting = true, talking = true, reconnecting = true }

local function no(reason) return { ok = false, reason = reason } end

function B.move(a)
  local s = B.spec(a.spec)
  if s and a.call ~= '' and s.wcall == a.call
    and s.wtoken == a.token -- guard: lead_token
  then
    return B.watch_seat(s, a)
  end
  if not s or not OPEN[s.estate] then return no('not_yours') end -- guard: seat_state
  if a.offer ~= '' and s.eoffer ~= a.offer or a.call ~= '' and s.ecall ~= a.call then return no('not_yours') end -- guard: seat_offer
  if (s.token or '') == '' or s.token ~= a.token then return no('not_yours') end -- guard: seat_token
  local c = B.call(s.ecall)
  if not c or c.state == 'closed' then return no('gone') end
  local leg = B.legs(c)[a.sid]
  if leg then return { ok = true, call = c.id, room = c.room, label = leg.label, role = leg.role } end
  if s.used == s.token then return no('used') end -- guard: seat_once
  local label = s.erole .. '_' .. s.id .. '_' .. a.nonce
  B.set(s, { used = s.token, newleg = a.sid, asked_at = B.now })
  B.remember_leg(a.sid, c.id)
  B.save_leg(c, a.sid, { role = s.erole, who = s.id, label = label, joined = false, asked = B.now })
  B.emit('leg.asked', c, { sid = a.sid, role = s.erole, who = s.id, label = label })
  if s.estate == 'connecting' then
    B.off('ask', s.id)
    B.at('join', s.id, B.now + B.time('join'))
    B.in_private(c, s)
  end
  return { ok = true, call = c.id, room = c.room, label = label, role = s.erole }
end
