-- A driver went online or offline. ARGV: id, '1' or '0', categories, when (ms). Gives 1, or 0 when newer is known.
local id, online, cats, at = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local d = load(id)
if d.avail_at and tonumber(at) < tonumber(d.avail_at) then return 0 end
redis.call('HSET', driver_key(id), 'online', online, 'cats', cats, 'avail_at', at,
  'avail_rev', following(d.avail_rev))
d.online, d.cats = online, cats
place(id, d)
return 1
