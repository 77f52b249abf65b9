-- Take drivers off the map whose newest position is older than ARGV[1] (ms), and end the doubts that are over at
-- ARGV[2] (ms); at most ARGV[3] of each kind. Gives how many were too old.
local count = 0
for _, kind in ipairs({'free', 'busy', 'doubtful'}) do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. kind, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[3])) do
    local listed = redis.call('HGET', driver_key(id), 'listed')
    if listed and listed ~= '' then
      unlist(id, listed)
      redis.call('HSET', driver_key(id), 'listed', '')
      redis.call('EXPIRE', driver_key(id), KEEP_SILENT_S)
    end
    redis.call('ZREM', P .. kind, id)
    count = count + 1
  end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'doubts', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  redis.call('ZREM', P .. 'doubts', id)
  local d = load(id)
  if d.doubt then
    redis.call('HDEL', driver_key(id), 'doubt')
    d.doubt = nil
    -- who is off the map for his silence stays off it
    if (d.listed or '') ~= '' then place(id, d) end
  end
end
return count
