-- Positions are coming in: the newest of anybody is of ARGV[1] (ms). When the newest known before is older than that by
-- more than ARGV[2] ms, nothing was heard in between, and listening begins anew.
local key, newest = P .. 'listening', tonumber(ARGV[1])
local known = tonumber(redis.call('HGET', key, 'until') or '-1')
if newest > known then
  redis.call('HSET', key, 'until', ARGV[1])
  if known < 0 or newest - known > tonumber(ARGV[2]) then redis.call('HSET', key, 'since', ARGV[1]) end
end
