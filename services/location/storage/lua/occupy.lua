-- A driver has a trip, or his trip went on. ARGV: id, trip, rider, state, target, assigned at (ms), trip's version.
-- Gives flat {id, trip, pos, ...}: remembered positions that belong to the trip.
local id, trip, rider, state, target, at, version = unpack(ARGV)
local d, recent = load(id), {}
if d.trip == trip then
  if tonumber(version) < tonumber(d.version) then return {} end
  if tonumber(version) == tonumber(d.version) then
    append_recent(id, trip, d.trip_from, recent)
    return recent
  end
  local set = {'state', state, 'target', target, 'rider', rider, 'version', version,
    'trip_rev', following(d.trip_rev)}
  if d.target ~= target then for _, value in ipairs({'eta', '', 'eta_at', '', 'moved', '0'}) do set[#set + 1] = value end end
  redis.call('HSET', driver_key(id), unpack(set))
  return {}
end
-- over already, or from before another assignment: told twice or late
if d.prev == trip or (d.trip_at and tonumber(at) < tonumber(d.trip_at)) then return {} end
local set = {'trip', trip, 'rider', rider, 'state', state, 'target', target, 'trip_at', at, 'trip_from', at,
  'version', version, 'moved', '0', 'eta', '', 'eta_at', '', 'trip_rev', following(d.trip_rev)}
if d.trip and d.trip ~= '' then
  for _, value in ipairs({'prev', d.trip, 'prev_from', d.trip_from, 'prev_until', at}) do set[#set + 1] = value end
end
redis.call('HSET', driver_key(id), unpack(set))
d.trip = trip
place(id, d)
append_recent(id, trip, at, recent)
return recent
