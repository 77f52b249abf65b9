-- What drivers and trips said of drivers, unless an event has told more since they were asked.
-- ARGV: JSON [[id, rev, online, cats, trip, rider, state, target, from], ...]; when they were asked (ms), less some slack
-- for clocks that differ: an assignment before it is known to be over.
-- Gives flat {id, trip, pos, ...}: remembered positions of drivers who turned out to be on a trip.
local rows, asked = cjson.decode(ARGV[1]), ARGV[2]
local recent = {}
for _, row in ipairs(rows) do
  local id, rev, online, cats, trip = row[1], row[2], row[3], row[4], row[5]
  local d = load(id)
  if (d.rev or '') == rev then
    local set = {'online', online, 'cats', cats, 'avail_at', asked, 'rev', tostring(tonumber(d.rev or '0') + 1)}
    local function also(name, value)
      set[#set + 1] = name
      set[#set + 1] = value
    end
    if trip == '' or d.trip ~= trip then
      if d.trip and d.trip ~= '' then
        also('prev', d.trip) also('prev_from', d.trip_from) also('prev_until', asked)
      end
      also('trip', trip) also('rider', row[6]) also('trip_at', asked) also('trip_from', row[9])
      also('version', '0') also('eta', '') also('eta_at', '') also('moved', '0')
      also('state', row[7]) also('target', row[8])
    elseif d.state ~= row[7] then
      also('state', row[7]) also('target', row[8]) also('eta', '') also('eta_at', '')
    end
    redis.call('HSET', driver_key(id), unpack(set))
    d = load(id)
    place(id, d)
    if trip ~= '' then append_recent(id, trip, d.trip_from, recent) end
  end
end
return recent
