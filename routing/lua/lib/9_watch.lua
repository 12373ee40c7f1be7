-- Leads beside a call: listening, whispering to its owner, joined aloud; help that was asked for; the caller on hold (L10).
--
-- Who only listens is nobody who is with the caller: not of the team, never an heir, never offered as one. Of a person:
-- `wcall weng wmode wstate` the call, `wtoken wtab wused` its leg's token, `wsid wthere` its leg, `wdone` how the carrier
-- was told to let it speak. Of a call: `watchers`, `helped` since when help is wanted, `held held_label` since when and
-- under which label the caller is on hold.

local HELP_MS = 15000 -- between two alarms while nobody has come
local HOLD_MS = 120000 -- a caller on hold for longer is a lead's matter

local function role(mode) return mode == 'whisper' and 'coach' or 'lead' end

local function note(c, s, to, cause)
  B.emit('engagement.state', c, { engagement = s.weng, spec = s.id, role = role(s.wmode), from = s.wstate, to = to, cause = cause })
  B.set(s, { wstate = to })
end

-- The leg that hears a whisper: the owner's, once it is in the room.
local function coached(c)
  local o = B.owner(c)
  return o and o.ecall == c.id and o.there == '1' and o.legsid ~= '' and o.legsid or nil
end

function B.watch_may_whisper(c) return coached(c) ~= nil end

-- How this lead should be heard: muted, or by the owner alone, or by all. Nobody to whisper to: muted.
local function want(c, s)
  local ear = s.wmode == 'whisper' and coached(c) or ''
  local muted = s.wmode == 'listen' or (s.wmode == 'whisper' and ear == '')
  return { muted = muted, coach_sid = ear, word = (muted and 'muted' or 'open') .. ':' .. ear }
end

-- Brings the carrier in line where the mode or the owner's leg has changed: a whisper follows the owner.
function B.aim(c)
  for _, id in ipairs(B.words(c.watchers)) do
    local s = B.spec(id)
    local w = want(c, s)
    if s.wthere == '1' and s.wdone ~= w.word then
      B.set(s, { wdone = w.word })
      B.effect('supervise', c, { room = c.room or '', room_sid = c.room_sid or '', spec = id, sid = s.wsid, muted = w.muted,
        coach_sid = w.coach_sid, word = w.word })
    end
  end
end

function B.watch_due(c, d)
  local s = B.spec(d.spec)
  return s and s.wcall == c.id and s.wsid == d.sid and want(c, s).word == d.word
end

function B.watch_begin(c, s, mode, token, tab)
  B.set(s, { weng = B.new('e'), wcall = c.id, wmode = mode, wstate = 'connecting', wtoken = token, wtab = tab, wused = '',
    wsid = '', wthere = '', wdone = '' })
  B.set(c, { watchers = B.add_word(c.watchers, s.id) })
  B.emit('engagement.started', c, { engagement = s.weng, spec = s.id, role = role(mode), offer = '' })
  B.duty(s, 'talking', c.id)
  B.at('watch', s.id, B.now + B.time('ask'))
end

function B.watch_mode(c, s, mode)
  if s.wmode == mode then return end -- guard: mode_once
  B.emit('engagement.mode', c, { engagement = s.weng, spec = s.id, role = role(mode), from = s.wmode, to = mode })
  B.set(s, { wmode = mode })
  B.aim(c)
end

-- The lead's softphone asks for its document. A whisper before the owner is there begins muted.
function B.watch_seat(s, a)
  local c = B.call(s.wcall)
  if not c or c.state == 'closed' then return { ok = false, reason = 'gone' } end
  local w, leg = want(c, s), B.legs(c)[a.sid]
  if not leg and s.wused == s.wtoken then return { ok = false, reason = 'used' } end -- guard: lead_seat_once
  if not leg then
    leg = { role = 'lead', who = s.id, label = 'lead_' .. s.id .. '_' .. a.nonce, joined = false }
    B.complete_leg(c, s.wsid, 'lead')
    B.set(s, { wused = s.wtoken, wsid = a.sid, wthere = '' })
    B.remember_leg(a.sid, c.id)
    B.save_leg(c, a.sid, leg)
    B.emit('leg.asked', c, { sid = a.sid, role = leg.role, who = s.id, label = leg.label })
    B.at('watch', s.id, B.now + B.time('ask'))
  end
  B.set(s, { wdone = w.word })
  return { ok = true, call = c.id, room = c.room, label = leg.label, role = leg.role, muted = w.muted, coach_sid = w.coach_sid }
end

-- The lead's leg is in the room: whoever asked for help has it.
function B.watch_in(c, who, sid)
  local s = B.spec(who)
  if s and s.ecall == c.id then return B.specialist_in(c, who, sid, 'owner') end -- has taken over
  if not s or s.wcall ~= c.id or s.wsid ~= sid then return B.complete_leg(c, sid, 'lead') end -- guard: lead_ghost
  if s.wthere == '1' then return end
  B.off('watch', s.id)
  B.set(s, { wthere = '1' })
  if s.wstate ~= 'talking' then note(c, s, 'talking', 'joined') end
  B.help(c, s.id, false)
  B.aim(c)
end

function B.watch_out(c, who, sid)
  local s = B.spec(who)
  if s and s.ecall == c.id then return B.specialist_out(c, who, sid) end
  if s and s.wcall == c.id and s.wsid == sid then B.watch_over(c, s, 'left') end
end

-- The lead is beside this call no more. `leg` stays where it is: of who takes over, or in a room that ends.
function B.watch_forget(c, s, cause)
  B.off('watch', s.id)
  if s.wstate == 'talking' then note(c, s, 'wrapping', cause) end
  note(c, s, 'done', cause)
  B.set(c, { watchers = B.drop_word(c.watchers, s.id) })
  B.set(s, { wcall = '', weng = '', wmode = '', wstate = '', wtoken = '', wsid = '', wthere = '' })
end

function B.watch_over(c, s, cause)
  B.watch_forget(c, s, cause)
  B.duty(s, 'wrapping', c.id)
  B.duty(s, 'idle', c.id)
  B.match_spec(s)
end

function B.watch_all_over(c)
  for _, id in ipairs(B.words(c.watchers)) do B.watch_over(c, B.spec(id), 'closed') end
  B.set(c, { helped = 0, held = 0, private = '' })
  B.off('help', c.id)
  B.off('hold', c.id)
end

function B.on.watch(id)
  local s = B.spec(id)
  if not s or (s.wcall or '') == '' or s.wthere == '1' then return end
  local c = B.load('call', s.wcall)
  B.complete_leg(c, s.wsid, 'lead')
  B.watch_over(c, s, 'no_leg')
end

-- Help is wanted, or has come or is not wanted any more.
function B.help(c, spec, on)
  if (B.num(c.helped) > 0) == on then return end -- guard: help_once
  B.set(c, { helped = on and B.now or 0 })
  B.emit('call.help', c, { spec = spec, on = on })
  if not on then return B.off('help', c.id) end
  B.set(c, { helped_by = spec })
  B.on.help(c.id)
end

function B.on.help(id)
  local c = B.call(id)
  if not c or B.num(c.helped) == 0 then return end
  B.alarm('help', c, c.helped_by)
  B.at('help', id, B.now + HELP_MS)
end

-- The caller's present stay in the room, by its label; a hold is of one stay.
local function stay(c)
  local leg = B.legs(c)[c.sid]
  return c.inroom == '1' and leg and leg.label or ''
end

function B.held(c) return B.num(c.held) > 0 and c.held_label == stay(c) and B.num(c.held) or 0 end

-- Asked again it is sent again: whoever presses the key once more has seen that it did not work.
function B.hold(c, spec, on)
  local label = stay(c)
  if label == '' then return false end -- guard: hold_stay
  if (B.held(c) > 0) ~= on then B.emit('call.hold', c, { spec = spec, on = on, label = label }) end
  if on and B.held(c) == 0 then B.at('hold', c.id, B.now + HOLD_MS) end
  if not on then B.off('hold', c.id) end
  B.set(c, { held = on and (B.held(c) > 0 and c.held or B.now) or 0, held_label = label })
  if not on then B.set(c, { private = '' }) end
  B.effect(on and 'hold' or 'unhold', c, { room = c.room or '', room_sid = c.room_sid or '', label = label,
    what = B.consulting(c) and 'consult' or 'hold' })
  return true
end

-- A rebuilt call's caller is held, as a console or the carrier tells: of the stay with this label, and for how long nobody knows.
function B.held_before(c, label)
  if (label or '') == '' or B.num(c.held) > 0 then return end
  B.set(c, { held = B.now, held_label = label })
  B.at('hold', c.id, B.now + HOLD_MS)
end

-- Who held the caller is not there: nobody else can know that they wait (L8).
function B.release_hold(c)
  if B.held(c) > 0 then B.hold(c, '', false) end
end

function B.on.hold(id)
  local c = B.call(id)
  if not c or B.held(c) == 0 then return end
  B.alarm('hold_long', c, c.owner)
  B.at('hold', id, B.now + HOLD_MS)
end
