-- A driver's trip is over. ARGV: id, trip, until when its positions belong to it (ms). Gives 1 when it was his trip.
local id, trip, ended = ARGV[1], ARGV[2], ARGV[3]
local d = load(id)
if d.trip == trip then
  redis.call('HSET', driver_key(id), 'trip', '', 'rider', '', 'state', '', 'target', '', 'eta', '', 'eta_at', '',
    'prev', trip, 'prev_from', d.trip_from, 'prev_until', ended, 'trip_rev', following(d.trip_rev))
  d.trip = ''
  place(id, d)
  return 1
end
if d.prev == trip then redis.call('HSET', driver_key(id), 'prev_until', ended) end
return 0
