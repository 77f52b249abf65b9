-- Newest positions of drivers, a line each, in the order of their ids: ARGV from 2 on. ARGV[1] is what they are: 'busy'
-- gives 'state of the trip;pos', all others 'ARGV[1];pos'. An empty line: nothing is known of him.
local lines, kind = {}, ARGV[1]
for i = 2, #ARGV do
  local pos, doing
  if kind == 'busy' then
    local known = redis.call('HMGET', driver_key(ARGV[i]), 'pos', 'state')
    pos, doing = known[1], known[2] or ''
  else
    pos, doing = redis.call('HGET', driver_key(ARGV[i]), 'pos'), kind
  end
  lines[i - 1] = pos and doing .. ';' .. pos or ''
end
return table.concat(lines, '\n')
