-- Who is listed in segments. ARGV: 'free' or 'busy', then cells. Gives {number, records, ...} for those cells that hold any,
-- counted from 0.
local found = {}
for i = 2, #ARGV do
  local records = redis.call('HVALS', P .. ARGV[1] .. ':' .. ARGV[i])
  if #records > 0 then
    found[#found + 1] = i - 2
    found[#found + 1] = records
  end
end
return found
