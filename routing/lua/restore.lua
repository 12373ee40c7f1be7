-- restore: the carrier shows a call in a room that the board does not know (P4, R1).
-- KEYS[1] meta. ARGV[4] {call, sid, told, room_sid, labels: space separated}. Returns nothing.
function B.move(a) B.restore(a.call, a.sid, a.told, a.room_sid, B.words(a.labels)) end
