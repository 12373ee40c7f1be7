-- Passing on (docs/hotlines.md): a caller whom another hotline is asked to take, and one whom another hotline offers.
--
-- Of a call with us: `pass` the partner that is asked, rung or talking; `passed` it has answered. While it has the caller
-- `bi` is -1: the Dial that goes on is the partner's, not the backup line's.
-- Of a call that came from a partner: `via`. It is never passed on again.
-- `pass:<token>` what a partner has announced; `passing:<partner>` the token of the one whose leg is expected now.

local MAY_PASS = { waiting = true, offered = true }

-- Not in danger: the own people and the backup line are nearer (H6).
function B.may_pass(c, partner)
  return MAY_PASS[c.state] and c.pass == partner and c.bd ~= '1' and not B.config().parallel[c.cls]
end

-- A step of the wait plan: somebody at that hotline is asked for, while the caller stays offered here.
function B.ask_partner(c, partner)
  if not MAY_PASS[c.state] or (c.via or '') ~= '' or (c.pass or '') ~= '' then return end
  B.set(c, { pass = partner })
  B.effect('dial_partner', c, { partner = partner }, B.time('partner'))
end

-- The partner has nobody, or did not answer in time: nothing has changed for the caller.
function B.not_passed(c, cause)
  if (c.pass or '') == '' or B.num(c.bi) < 0 then return end
  B.emit('partner.declined', c, { partner = c.pass, cause = cause })
  B.set(c, { pass = '' })
end

-- Somebody is kept free there: the caller's leg rings through. The place here is kept, and an accept still wins.
function B.pass_on(c)
  B.set(c, { bi = -1 })
  B.emit('partner.ringing', c, { partner = c.pass })
  B.state(c, 'backup_ringing', 'partner')
  B.move_caller(c, 'backup')
  B.at('bring', c.id, B.now + B.time('backup_ring'))
end

-- The partner's number has answered: the caller has a place there.
function B.passed(c, sid)
  if c.state ~= 'backup_ringing' or B.num(c.bi) >= 0 then return end
  B.off('bring', c.id)
  local freed = B.rescind(c, 'partner')
  B.set(c, { passed = c.pass, backup_sid = sid, seen = B.now })
  B.emit('partner.answered', c, { partner = c.pass, sid = sid })
  B.state(c, 'backup_talking', 'passed_on')
  B.release_all(freed, c.id)
end

-- The caller is back without having been helped: held at the first arrival, the plan goes on, its backup line at once if
-- that was due meanwhile.
function B.unpass(c, cause)
  B.off('bring', c.id)
  B.emit('partner.failed', c, { partner = c.pass, cause = cause })
  B.set(c, { bi = 0, pass = '', passed = '', seen = B.now })
  B.state(c, 'waiting', 'partner_failed')
  if (c.offers or '') ~= '' then B.state(c, 'offered', 'offer') end
  if not B.plan_of(c)[B.num(c.step) + 1] then B.at('again', c.id, B.now) end
  B.match_call(c)
end

-- Keeps somebody free for a caller who is about to come; nil when nobody is.
function B.keep_free(a)
  local s = B.find_person({ id = a.token, line = a.line, lang = a.language, cls = a.cls, step = 1, a = a.arrived_ms })
  if not s then return end
  B.set(s, { kept = B.now + B.time('kept') })
  B.idle_sync(s)
  B.at('kept', s.id, s.kept + 1)
  return s
end

function B.unkeep(s)
  if not s or B.num(s.kept) == 0 then return end
  B.set(s, { kept = 0 })
  B.off('kept', s.id)
  if B.idle_sync(s) then B.match_spec(s) end
end

function B.on.kept(id) B.unkeep(B.spec(id)) end

-- The leg that a partner has announced: its caller's place, class and language, as they were there.
function B.announced(partner)
  local key = P .. 'passing:' .. partner
  local token = redis.call('GET', key)
  if not token then return end
  redis.call('DEL', key)
  return B.load('pass', token)
end
