-- What drivers and trips said of drivers; what an event has told since they were asked is kept.
-- ARGV: JSON [[id, revision, online, cats, trip, rider, state, target, from], ...]; when they were asked (ms), less some
-- slack for clocks that differ: an assignment before it is known to be over.
-- Gives flat {id, trip, pos, ...}: remembered positions of drivers who turned out to be on a trip.
local rows, asked = cjson.decode(ARGV[1]), ARGV[2]
local recent = {}

local function learn_availability(set, d, online, cats)
  set('online', online) set('cats', cats) set('avail_at', asked) set('avail_rev', following(d.avail_rev))
end

local function learn_trip(set, d, trip, rider, state, target, from)
  if trip == '' or d.trip ~= trip then
    if d.trip and d.trip ~= '' then
      set('prev', d.trip) set('prev_from', d.trip_from) set('prev_until', asked)
    end
    set('trip', trip) set('rider', rider) set('trip_at', asked) set('trip_from', from) set('version', '0')
    set('state', state) set('target', target) set('eta', '') set('eta_at', '') set('moved', '0')
  elseif d.state ~= state then
    set('state', state) set('target', target) set('eta', '') set('eta_at', '')
  end
  set('trip_rev', following(d.trip_rev))
end

for _, row in ipairs(rows) do
  local id, expected, trip = row[1], row[2], row[5]
  local d, fields = load(id), {}
  local function set(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  local avail_rev, trip_rev = string.match(expected, '^(.*)/(.*)$')
  if (d.avail_rev or '') == avail_rev then learn_availability(set, d, row[3], row[4]) end
  if (d.trip_rev or '') == trip_rev then learn_trip(set, d, trip, row[6], row[7], row[8], row[9]) end
  if #fields > 0 then
    redis.call('HSET', driver_key(id), unpack(fields))
    d = load(id)
    place(id, d)
  end
  if d.trip and d.trip ~= '' then append_recent(id, d.trip, d.trip_from, recent) end
end
return recent
