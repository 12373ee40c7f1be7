-- backup_over: the caller's Dial of a backup number has ended: the next number, hold again, or ask who is still needed.
-- KEYS[1] meta. ARGV[4] {call, dialled_index}. Returns the call's view, for an unknown call one that is closed (a human, at once).
function B.move(a)
  local c = B.call(a.call)
  if not c then return B.view({ id = a.call, state = 'closed', cause = 'caller_gone', line = '', lang = '', cls = B.config().class }) end
  if B.num(c.bi) ~= a.dialled_index then return B.view(c) end -- guard: backup_index
  if c.state == 'backup_ringing' then
    B.next_backup(c, 'no_key')
  elseif c.state == 'backup_talking' then
    if B.num(c.bi) < 0 and c.rolled ~= '1' then
      B.unpass(c, 'not_served')
      return B.view(c)
    end
    B.emit('backup.ended', c, { index = B.num(c.bi), sid = c.backup_sid, cause = 'left' })
    B.set(c, { bd = '1', seen = B.now })
    B.state(c, 'waiting', 'backup_ended')
  end
  return B.view(c)
end
