-- What drivers are doing and their newest positions, a line each, in the order of ARGV, their ids: 'doing;pos', where
-- doing is the state of his trip, 'off', 'doubtful' or 'free'. An empty line: not on the map.
local lines = {}
for i, id in ipairs(ARGV) do
  local pos, trip, state, online, doubt = unpack(redis.call('HMGET', driver_key(id), 'pos', 'trip', 'state', 'online', 'doubt'))
  local doing = 'free'
  if trip and trip ~= '' then doing = state or ''
  elseif online ~= '1' then doing = 'off'
  elseif doubt then doing = 'doubtful' end
  lines[i] = pos and doing .. ';' .. pos or ''
end
return table.concat(lines, '\n')
