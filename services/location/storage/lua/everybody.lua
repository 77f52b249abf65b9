-- Who is on the map, one id a line: on a ride first, then doubtful, then free. ARGV: reported not before (ms).
local ids = {}
for _, kind in ipairs({'busy', 'doubtful', 'free'}) do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. kind, ARGV[1], '+inf')) do ids[#ids + 1] = id end
end
return table.concat(ids, '\n')
