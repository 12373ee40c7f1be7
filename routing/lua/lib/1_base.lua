-- Base of every move: time, epoch, cached hashes, events, timers, effects, the reply.
--
-- KEYS[1]  <tag>meta, from which every other key is named: <tag> is `{hl:<hotline>}:` (see keys.md)
-- ARGV[1]  epoch expected            ARGV[2]  not after, board ms (0: no limit)
-- ARGV[3]  test time, ms (0: none)   ARGV[4]  the move's arguments, JSON
-- ARGV[5]  random hex for new ids    ARGV[6]  who reached us: a specialist's id, `w` for the carrier, or empty
--
-- A script checks first and writes then. Hashes are cached and written once, by `B.finish`.

local B = { ents = {}, on = {}, minted = 0 }
local P = string.match(KEYS[1], '^(.-}:)')

function B.num(v) return tonumber(v) or 0 end

-- Loads a hash as a table; unset fields are nil. The same table is given for the same key.
function B.load(kind, id)
  local key = P .. kind .. (id and (':' .. id) or '')
  local e = B.ents[key]
  if not e then
    e = { _key = key, _dirty = {} }
    local flat = redis.call('HGETALL', key)
    for i = 1, #flat, 2 do e[flat[i]] = flat[i + 1] end
    B.ents[key] = e
  end
  return e
end

-- The same for an id that is minted here: nothing is there to be read.
function B.fresh(kind, id)
  local key = P .. kind .. ':' .. id
  B.ents[key] = { _key = key, _dirty = {} }
  return B.ents[key]
end

function B.set(e, fields)
  for k, v in pairs(fields) do
    e[k] = v
    e._dirty[k] = true
  end
end

function B.flush()
  B.idle_write()
  for key, e in pairs(B.ents) do
    local args = {}
    for k in pairs(e._dirty) do
      args[#args + 1] = k
      args[#args + 1] = e[k]
    end
    if #args > 0 then redis.call('HSET', key, unpack(args)) end
    if e._ttl then redis.call('PEXPIRE', key, e._ttl) end
    e._dirty = {}
  end
  B.timers_write()
end

-- Space separated lists of words in a field.
function B.words(text)
  local out = {}
  for word in string.gmatch(text or '', '%S+') do out[#out + 1] = word end
  return out
end

function B.has_word(text, word)
  return string.find(' ' .. (text or '') .. ' ', ' ' .. word .. ' ', 1, true) ~= nil
end

function B.add_word(text, word)
  if B.has_word(text, word) then return text end
  return (text or '') == '' and word or (text .. ' ' .. word)
end

function B.drop_word(text, word)
  local out = {}
  for _, w in ipairs(B.words(text)) do
    if w ~= word then out[#out + 1] = w end
  end
  return table.concat(out, ' ')
end

-- A new id: a letter, the random hex of this script, a number within it.
function B.new(letter)
  B.minted = B.minted + 1
  return letter .. ARGV[5] .. string.format('%03x', B.minted)
end

-- Entries of the configuration, each read when it is asked for: a move needs few. What is not there is false.
local function entries(prefix)
  return setmetatable({}, { __index = function(known, name)
    if name == nil then return false end
    local text = redis.call('HGET', P .. 'config', prefix .. name)
    known[name] = text and cjson.decode(text)
    return known[name]
  end })
end

-- What the configuration holds by itself stands in one field; all else is a section of entries, `<section>.<entry>`.
function B.config()
  if not B.cfg then
    local make = { __index = function(cfg, section)
      cfg[section] = entries(section .. '.')
      return cfg[section]
    end }
    B.cfg = setmetatable(entries('').single, make)
  end
  return B.cfg
end

-- Entry by entry, for scripts that read few of them; the lines' plans are sections of their own.
local function configure(config)
  local function put(name, value) redis.call('HSET', P .. 'config', name, cjson.encode(value)) end
  redis.call('DEL', P .. 'config')
  local single = {}
  for name, line in pairs(config.lines) do
    for _, form in ipairs({ 'plans', 'closed' }) do
      for language, plan in pairs(line[form]) do put(form .. '.' .. name .. '|' .. language, plan) end
      line[form] = nil
    end
    line.name = name
  end
  for section, value in pairs(config) do
    if type(value) ~= 'table' then single[section] = value end
    for name, entry in pairs(type(value) == 'table' and value or {}) do put(section .. '.' .. name, entry) end
  end
  put('single', single)
end

-- Keeps a configuration unless a newer one is here: a process that has not heard of an edit must not undo it. Every
-- process brings it, and the calls hear of an edit once.
function B.keep_config(a)
  local m, had, got = B.meta, B.num(B.meta.conf), B.num(a.revision)
  if got < had and redis.call('EXISTS', P .. 'config') == 1 then return false end
  configure(cjson.decode(a.config))
  B.set(m, { conf = got })
  B.cfg = nil
  if got > had then B.replan_all() end
  return true
end

function B.time(name) return B.config().times[name] end

-- Server time in ms, never before the last one written; nil when it stepped back by more than 2 s (P5).
function B.clock(meta)
  local now
  if ARGV[3] ~= '0' and redis.call('EXISTS', P .. 'test') == 1 then
    now = tonumber(ARGV[3])
  else
    local t = redis.call('TIME')
    now = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  local last = B.num(meta.t)
  if last - now > 2000 then return nil, now end
  return math.max(now, last), now
end

-- One entry of the stream. `c` may be nil: an event of no call.
function B.emit(kind, c, data)
  local m = B.meta
  B.set(m, { seq = B.num(m.seq) + 1 })
  if c then B.set(c, { n = B.num(c.n) + 1 }) end
  B.set(m, { x = redis.call('XADD', P .. 'events', B.xid or '*', 'e', m.epoch, 'i', m.seq, 'c', c and c.id or '',
    'n', c and c.n or 0, 't', B.now, 'k', kind, 's', c and c.state or '', 'd', cjson.encode(data)) })
  B.xid = nil
end

function B.alarm(kind, c, spec, handoff)
  B.emit('alarm', c, { kind = kind, call = c and c.id or nil, spec = spec, handoff = handoff })
end

-- Timers set (by when they are due) and taken off (false) by this script, written together by `B.flush`.
local timers = {}

function B.at(kind, id, ms) timers[kind .. '|' .. id] = ms end

function B.off(kind, id) timers[kind .. '|' .. id] = false end

-- Unless it is set already.
function B.at_last(kind, id, ms)
  local name = kind .. '|' .. id
  if timers[name] == false or (not timers[name] and not redis.call('ZSCORE', P .. 'timers', name)) then timers[name] = ms end
end

function B.timers_write()
  local set, gone = {}, {}
  for name, ms in pairs(timers) do
    if ms then
      set[#set + 1] = ms
      set[#set + 1] = name
    else
      gone[#gone + 1] = name
    end
  end
  if #set > 0 then redis.call('ZADD', P .. 'timers', unpack(set)) end
  if #gone > 0 then redis.call('ZREM', P .. 'timers', unpack(gone)) end
  timers = {}
end

-- What something that broke has set is not written.
function B.forget()
  B.idle_forget()
  timers = {}
  for _, e in pairs(B.ents) do
    if e ~= B.meta then e._dirty = {} end
  end
end

-- Something to do at the carrier, decided here and now (L3); tried until `ttl` ms are over.
function B.effect(kind, c, data, ttl)
  local id = B.new('f')
  local fx = { id = id, kind = kind, call = c.id, data = data, expires = B.now + (ttl or B.time('effect')), attempt = 0,
    turn = B.num(c.turn) }
  redis.call('HSET', P .. 'fx', id, cjson.encode(fx))
  redis.call('ZADD', P .. 'fxdue', B.now, id)
end

function B.verifying() return B.num(B.meta.verify) > B.now end

-- Notes that `who` reached us; L8 asks whether anybody else did lately, and whether we were away ourselves.
function B.heard(who)
  local m = B.meta
  if who == '' then return end
  if B.num(m.alive) > 0 and B.now - m.alive > B.time('deaf') then B.set(m, { back = B.now }) end
  if m.alive_by ~= who then B.set(m, { alive2 = m.alive or 0, alive_by = who }) end
  B.set(m, { alive = B.now })
end

function B.others_heard(spec)
  local m = B.meta
  return B.num(m.alive_by ~= spec and m.alive or m.alive2)
end

function B.answer(ok, reason, data) return { ok = ok, reason = reason or '', data = data or {} } end

function B.finish(reply)
  B.flush()
  return cjson.encode({ t = B.now, x = B.meta.x or '0-0', v = reply })
end

-- True when the sender has seen a later event than this data holds: a standby, or a file cut short (S2, R3).
function B.older(x)
  local am, an = string.match(ARGV[7] or '', '^(%d+)%-(%d+)$')
  local bm, bn = string.match(x or '0-0', '^(%d+)%-(%d+)$')
  am, an, bm, bn = B.num(am), B.num(an), B.num(bm), B.num(bn)
  return am > bm or (am == bm and an > bn)
end

-- Runs one move behind the checks that every move shares.
function B.run(move)
  local m = B.load('meta')
  B.meta = m
  local now, raw = B.clock(m)
  B.now = now or raw
  B.epoch = m.epoch
  local limit = tonumber(ARGV[2])
  if not now or m.epoch ~= ARGV[1] then return cjson.encode({ err = 'EPOCH', t = B.now }) end -- guard: epoch
  if B.older(m.x) then return cjson.encode({ err = 'EPOCH', t = B.now }) end -- guard: older
  if limit > 0 and B.now > limit then return cjson.encode({ err = 'LATE', t = B.now }) end -- guard: not_after
  local args = cjson.decode(ARGV[4])
  if not B.readonly then
    B.set(m, { t = B.now })
    B.heard(ARGV[6])
  end
  return B.finish(move(args))
end
