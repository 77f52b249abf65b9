-- Take drivers off the map whose newest position is older than ARGV[1] (ms), at most ARGV[2] of each kind. Gives how many.
local count = 0
for _, kind in ipairs({'free', 'busy'}) do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. kind, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])) do
    local listed = redis.call('HGET', driver_key(id), 'listed')
    if listed and listed ~= '' then
      redis.call('HDEL', P .. listed, id)
      redis.call('HSET', driver_key(id), 'listed', '')
      redis.call('EXPIRE', driver_key(id), KEEP_SILENT_S)
    end
    redis.call('ZREM', P .. kind, id)
    count = count + 1
  end
end
return count
