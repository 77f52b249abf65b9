-- Who is on the map: {busy, doubtful, free}, one id a line each. ARGV: reported not before (ms).
local kinds = {}
for _, kind in ipairs({'busy', 'doubtful', 'free'}) do
  kinds[#kinds + 1] = table.concat(redis.call('ZRANGEBYSCORE', P .. kind, ARGV[1], '+inf'), '\n')
end
return kinds
