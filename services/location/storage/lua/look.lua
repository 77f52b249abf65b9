-- What is listed. ARGV: names of hashes without prefix. Gives {number, flat, ...} of those that hold any, counted from 0:
-- their fields and values in one text, a line each.
local found = {}
for i, name in ipairs(ARGV) do
  local listed = redis.call('HGETALL', P .. name)
  if #listed > 0 then
    found[#found + 1] = i - 1
    found[#found + 1] = table.concat(listed, '\n')
  end
end
return found
