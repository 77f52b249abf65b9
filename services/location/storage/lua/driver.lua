-- What is known of a driver, and where he is listed. Prepended to every other script.
--
-- location:driver:<id>   hash, driver -> segment and all else:
--   at, seq, pos, cell             newest position: time (ms), number, packed row, segment ('out' outside all)
--   online, cats, avail_at         availability, categories he may carry, and when it was so (ms)
--   trip, rider, state, target     trip under way ('' when none), its rider, its state, where he drives to
--   trip_at, trip_from, version    when he was assigned (ms), from when positions belong to the trip, the trip's version
--   prev, prev_from, prev_until    the trip before, for positions that arrive late
--   moved, eta, eta_at             when the rider was last told, seconds to go and when that was reckoned (ms)
--   listed                         'free:<cell>' or 'busy:<cell>': the hash he is in, '' when in none
--   avail_rev, trip_rev            go up with every event of that sort, so that a slow look-up never overwrites one
-- location:free:<cell>, location:busy:<cell>   hash, segment -> drivers: id -> 'id|cats|pos'
-- location:free, location:busy                 sorted sets: id -> time of the newest position (ms)
-- location:recent:<id>                         list: last positions outside a trip, for a trip that we hear of late

local P = 'location:'
local KEEP_SILENT_S = 86400

local function driver_key(id) return P .. 'driver:' .. id end

-- List the driver where he belongs now; one call changes driver -> segment and segment -> driver together.
local function place(id, d)
  local want = ''
  if d.pos and d.cell then
    if d.trip and d.trip ~= '' then want = 'busy'
    elseif d.online == '1' and d.trip then want = 'free' end
  end
  local listed = d.listed or ''
  local wanted = want ~= '' and (want .. ':' .. d.cell) or ''
  if listed ~= '' and listed ~= wanted then
    redis.call('HDEL', P .. listed, id)
    local was = string.sub(listed, 1, 4)
    if was ~= want then redis.call('ZREM', P .. was, id) end
  end
  if wanted ~= '' then
    redis.call('HSET', P .. wanted, id, id .. '|' .. (d.cats or '') .. '|' .. d.pos)
    redis.call('ZADD', P .. want, d.at, id)
  end
  if wanted ~= listed or not d.listed then
    redis.call('HSET', driver_key(id), 'listed', wanted)
    if wanted ~= '' then redis.call('PERSIST', driver_key(id))
    else redis.call('EXPIRE', driver_key(id), KEEP_SILENT_S) end
  end
end

local FIELDS = {'at', 'seq', 'pos', 'cell', 'online', 'cats', 'avail_at', 'trip', 'rider', 'state', 'target', 'trip_at',
  'trip_from', 'version', 'prev', 'prev_from', 'prev_until', 'moved', 'eta', 'eta_at', 'listed', 'avail_rev', 'trip_rev'}

local function load(id)
  local values = redis.call('HMGET', driver_key(id), unpack(FIELDS))
  local d = {}
  for i, name in ipairs(FIELDS) do d[name] = values[i] or nil end
  return d
end

local function revision(d) return (d.avail_rev or '') .. '/' .. (d.trip_rev or '') end

local function following(number) return tostring(tonumber(number or '0') + 1) end

local function remember(id, pos, most)
  local key = P .. 'recent:' .. id
  redis.call('RPUSH', key, pos)
  redis.call('LTRIM', key, -most, -1)
  redis.call('EXPIRE', key, 600)
end

-- Append the remembered positions since `from` (ms) to `out`, flat: id, trip, pos, id, trip, pos, ... They are kept, for
-- the case that whoever asked dies before he has passed them on.
local function append_recent(id, trip, from, out)
  for _, pos in ipairs(redis.call('LRANGE', P .. 'recent:' .. id, 0, -1)) do
    if tonumber(string.match(pos, '^%d+')) >= tonumber(from) then
      out[#out + 1] = id
      out[#out + 1] = trip
      out[#out + 1] = pos
    end
  end
end
