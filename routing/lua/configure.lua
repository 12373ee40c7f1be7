-- configure: the lines' data have been edited; calls that wait follow the plan as it is now.
-- KEYS[1] meta. ARGV[4] {config: JSON text, revision}. Returns whether it is in force: an older one is not taken.
function B.move(a) return B.keep_config(a) end
