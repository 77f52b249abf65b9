-- What is known of a driver, and where he is listed. Prepended to every other script.
--
-- location:driver:<id>   hash, driver -> segment and all else:
--   at, seq, pos, cell, spot       newest position: time (ms), number, packed row, segment ('out' outside all), spot in it
--   online, cats, avail_at         availability, categories he may carry, and when it was so (ms)
--   trip, rider, state, target     trip under way ('' when none), its rider, its state, where he drives to
--   trip_at, trip_from, version    when he was assigned (ms), from when positions belong to the trip, the trip's version
--   prev, prev_from, prev_until    the trip before, for positions that arrive late
--   moved, eta, eta_at             when the rider was last told, seconds to go and when that was reckoned (ms)
--   listed                         'free:<cell>:<spot>|<cats>', or busy or doubtful so: where he is listed, '' when nowhere
--   doubt                          not believed until then (ms): too many of his positions had marks
--   avail_rev, trip_rev            go up with every event of that sort, so that a slow look-up never overwrites one
-- A kind is free, busy or doubtful. A spot is the smallest cell there is, some 60 m across; a segment has one or many.
-- location:spots:<kind>:<cell>    hash, segment -> its spots that hold any: '<spot>|<cats>' -> how many drivers
-- location:<kind>:<spot>|<cats>   hash, spot -> drivers who may carry the same: id -> pos
-- location:<kind>                 sorted set: id -> time of the newest position (ms)
-- location:doubts                 sorted set: id -> until when he is doubted (ms)
-- location:marks:<id>             sorted set: 'at:seq' of the newest marked positions -> at (ms)
-- location:recent:<id>            list: last positions outside a trip, for a trip that we hear of late

local P = 'location:'
local KEEP_SILENT_S = 86400

local function driver_key(id) return P .. 'driver:' .. id end

-- A segment knows how many drivers each of its spots holds.
local function count_spot(kind, cell, spot, change)
  local key = P .. 'spots:' .. kind .. ':' .. cell
  if redis.call('HINCRBY', key, spot, change) <= 0 then redis.call('HDEL', key, spot) end
end

-- Take the driver off the list of his segment; gives the kind that he was.
local function unlist(id, listed)
  local kind, cell, spot = string.match(listed, '^(%a+):([^:]+):(.+)$')
  if not kind then  -- as an older version listed him
    redis.call('HDEL', P .. listed, id)
    return string.match(listed, '^%a+')
  end
  if redis.call('HDEL', P .. kind .. ':' .. spot, id) == 1 then count_spot(kind, cell, spot, -1) end
  return kind
end

-- List the driver where he belongs now; one call changes driver -> segment and segment -> driver together. `fields` is
-- what else is new of him, {name, value, ...}, written with it.
local function place(id, d, fields)
  local kind, listed, wanted = '', d.listed or '', ''
  if d.pos and d.cell and d.spot then
    if d.trip and d.trip ~= '' then kind = 'busy'
    elseif d.online == '1' and d.trip then kind = d.doubt and 'doubtful' or 'free' end
  end
  local spot = kind ~= '' and (d.spot .. '|' .. (d.cats or '')) or ''
  if kind ~= '' then wanted = kind .. ':' .. d.cell .. ':' .. spot end
  if listed ~= '' and listed ~= wanted then
    local was = unlist(id, listed)
    if was ~= kind then redis.call('ZREM', P .. was, id) end
  end
  if wanted ~= '' then
    if redis.call('HSET', P .. kind .. ':' .. spot, id, d.pos) == 1 then count_spot(kind, d.cell, spot, 1) end
    redis.call('ZADD', P .. kind, d.at, id)
  end
  fields = fields or {}
  local elsewhere = wanted ~= listed or not d.listed
  if elsewhere then
    fields[#fields + 1] = 'listed'
    fields[#fields + 1] = wanted
    d.listed = wanted
  end
  if #fields > 0 then redis.call('HSET', driver_key(id), unpack(fields)) end
  if elsewhere and wanted == '' then redis.call('EXPIRE', driver_key(id), KEEP_SILENT_S)
  elseif elsewhere and listed == '' then redis.call('PERSIST', driver_key(id)) end
end

local FIELDS = {'at', 'seq', 'pos', 'cell', 'spot', 'online', 'cats', 'avail_at', 'trip', 'rider', 'state', 'target',
  'trip_at', 'trip_from', 'version', 'prev', 'prev_from', 'prev_until', 'moved', 'eta', 'eta_at', 'listed', 'doubt',
  'avail_rev', 'trip_rev'}

local function read(id, fields)
  local values = redis.call('HMGET', driver_key(id), unpack(fields))
  local d = {}
  for i, name in ipairs(fields) do d[name] = values[i] or nil end
  return d
end

local function load(id) return read(id, FIELDS) end

local function revision(d) return (d.avail_rev or '') .. '/' .. (d.trip_rev or '') end

local function following(number) return tostring(tonumber(number or '0') + 1) end

local function remember(id, pos, most)
  local key = P .. 'recent:' .. id
  local kept = redis.call('RPUSH', key, pos)
  -- now and then is enough, and this is done for every position of a free driver
  if kept % 8 == 1 then redis.call('EXPIRE', key, 600) end
  if kept > 2 * most then redis.call('LTRIM', key, -most, -1) end
end

-- Count marked positions {{at, seq}, ...} of a driver, each once; with enough of them within the window he is doubtful
-- until the oldest of the newest `enough` is out of it.
local function note_marks(id, d, marks, now, enough, window)
  local key = P .. 'marks:' .. id
  for _, mark in ipairs(marks) do
    redis.call('ZADD', key, mark[1], string.format('%.0f:%.0f', mark[1], mark[2]))
  end
  redis.call('ZREMRANGEBYRANK', key, 0, -enough - 1)
  redis.call('PEXPIRE', key, window)
  if redis.call('ZCARD', key) < enough then return end
  local over = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) + window
  if over <= now or over <= tonumber(d.doubt or '0') then return end
  d.doubt = string.format('%.0f', over)
  redis.call('HSET', driver_key(id), 'doubt', d.doubt)
  redis.call('ZADD', P .. 'doubts', over, id)
  place(id, d)
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
