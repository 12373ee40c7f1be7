-- read: what is true of one call or person, or of several. Writes nothing.
-- KEYS[1] meta. ARGV[4] {what: call|of_leg|calls|spec|specs|ids|legs|loose|secret, id}. Returns views, or nothing when unknown.
-- calls, specs: of the ids named, blank between them; ids: of `id` = calls (by first arrival) or specs, everybody's.
B.readonly = true

local function each(ids, load, view)
  local out = {}
  for _, id in ipairs(B.words(ids)) do
    local one = load(id)
    if one then out[#out + 1] = view(one) end
  end
  return #out > 0 and out or cjson.null
end

local READ = {
  call = function(id) local c = B.call(id); return c and B.view(c) end,
  of_leg = function(sid) local c = B.call(B.call_of_leg(sid)); return c and B.view(c) end,
  calls = function(ids) return each(ids, B.call, B.view) end,
  ids = function(of)
    return table.concat(of == 'calls' and redis.call('ZRANGE', P .. 'calls', 0, -1) or redis.call('SMEMBERS', P .. 'specs'), ' ')
  end,
  spec = function(id) local s = B.spec(id); return s and B.spec_view(s) end,
  specs = function(ids) return each(ids, B.spec, B.spec_view) end,
  legs = function(id)
    local out = {}
    for sid, leg in pairs(B.legs({ id = id })) do
      if not leg.ended and not leg.presumed then out[sid] = leg end
    end
    return out
  end,
  loose = function() -- legs of calls closed lately, of whose end nobody has told
    local out = {}
    for _, id in ipairs(redis.call('ZRANGE', P .. 'closed', 0, -1)) do
      local c = B.call(id)
      for sid, leg in pairs(c and B.legs(c) or {}) do
        if not leg.ended and leg.role ~= 'caller' and string.sub(sid, 1, 2) == 'CA' then
          out[#out + 1] = { call = id, sid = sid, role = leg.role, label = leg.label or '' }
        end
      end
      if c and redis.call('HEXISTS', P .. 'legs:' .. id, 'E|' .. c.sid) == 0 then
        out[#out + 1] = { call = id, sid = c.sid, role = 'caller', label = '' }
      end
    end
    return #out > 0 and out or cjson.null
  end,
  secret = function(id)
    local c = B.call(id)
    return c and c.wh and { number_hash = c.nh or '', number_cipher = c.nc or '', withheld = c.wh ~= '', verification = c.ver or '' }
  end,
}

function B.move(a) return READ[a.what](a.id) end
