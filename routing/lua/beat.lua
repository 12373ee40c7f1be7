-- beat: proof of life of a person and of their call; refills an emptied board (P4, L8).
-- KEYS[1] meta. ARGV[4] {profile, presence, offer, call, rtp_age_ms?, microphone, told?, touched}. Returns their view.

-- The call they are in: life of its leg, media, the microphone.
local function in_call(s, a)
  local c = B.call(s.ecall)
  if not c or s.estate == 'wrapping' then return end
  local good = a.rtp_age_ms and B.now - a.rtp_age_ms or s.media ~= '1' and B.now or 0 -- no sound is no life (L8)
  if good > B.num(s.cbeat) then B.set(s, { cbeat = good }) end
  if not a.microphone and s.deaf ~= '1' then B.alarm('microphone', c, s.id) end
  B.set(s, { deaf = a.microphone and '' or '1' })
  local alive = B.now - B.num(s.cbeat) < B.time('silent')
  if alive and a.rtp_age_ms and (s.newleg or '') == '' and s.there == '1' and s.media ~= '1' then B.media(c, s) end
  if alive and a.rtp_age_ms and s.estate == 'connecting' then B.media(c, s) end
  if s.estate == 'talking' then B.watch(s) end
  if alive and s.estate == 'reconnecting' and s.there == '1' and s.media == '1' then B.up(c, s) end
end

function B.move(a)
  local s = B.profile(a.profile)
  if s.bepoch ~= B.epoch then B.presence(s, a.presence, 'beat') end
  B.set(s, { bepoch = B.epoch, beat = B.now, unreach = '' })
  if a.touched then B.set(s, { shy = 0 }) end
  if a.call ~= '' and s.ecall == a.call then
    in_call(s, a)
  elseif a.call ~= '' and a.told and s.duty == 'idle' then
    B.refill(s, a.call, a.told)
  end
  local claimed = a.call ~= '' and s.duty == 'idle' and (B.call(a.call) or { state = 'closed' }).state ~= 'closed'
  B.set(s, { claim = claimed and a.call or '' })
  if a.offer ~= '' and a.offer == s.offer then
    local o = B.load('offer', a.offer)
    if o.state == 'offered' and o.acked ~= '1' then
      B.off('ack', o.id)
      B.set(o, { acked = '1' })
      B.emit('offer.acked', B.load('call', o.call), { offer = o.id, spec = o.spec, call = o.call })
    end
  end
  if B.idle_sync(s) then B.match_spec(s) end
  return B.spec_view(s)
end
