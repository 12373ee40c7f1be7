-- backup_answered: somebody at the backup line pressed 1 (H5). Offers are rescinded in this script.
-- KEYS[1] meta. ARGV[4] {call, sid}. Returns an answer; `not_yours` when a specialist has the caller or a person ended it.
local MAY = { greeting = true, waiting = true, doubtful = true, offered = true, backup_ringing = true }

-- Only a live caller's Dial can bring a key: closed was a mistake. The end is final for the board; the two talk, and the
-- key is on record.
local function after_the_end(c, sid)
  if (c.backup_sid or '') ~= '' then return B.answer(c.backup_sid == sid, c.backup_sid ~= sid and 'not_yours' or '') end
  B.set(c, { rolled = '1', backup_sid = sid })
  B.emit('backup.answered', c, { index = B.num(c.bi), sid = sid, cause = 'key' })
  return B.answer(true)
end

function B.move(a)
  local c = B.call(a.call)
  if not c then return B.answer(false, 'unknown') end
  if c.state == 'backup_talking' then return B.answer(c.backup_sid == a.sid, c.backup_sid ~= a.sid and 'not_yours' or '') end
  if c.state == 'closed' and c.cause ~= 'ended' then return after_the_end(c, a.sid) end -- guard: backup_alive
  if not MAY[c.state] then return B.answer(false, 'not_yours') end -- guard: backup_state
  if c.state == 'greeting' then B.state(c, 'waiting', 'arrived') end
  local freed = B.rescind(c, 'backup')
  if c.state ~= 'backup_ringing' then B.state(c, 'backup_ringing', 'dialled') end
  B.off('bring', c.id)
  B.set(c, { rolled = '1', backup_sid = a.sid, seen = B.now })
  B.state(c, 'backup_talking', 'answered')
  B.emit('backup.answered', c, { index = B.num(c.bi), sid = a.sid, cause = 'key' })
  B.release_all(freed, c.id)
  return B.answer(true)
end
