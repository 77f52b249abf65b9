-- Marks that are known of drivers from before Redis was emptied.
-- ARGV: JSON [[id, [[at, seq], ...]], ...]; now (ms); marks that make a driver doubtful; within how many ms.
for _, row in ipairs(cjson.decode(ARGV[1])) do
  note_marks(row[1], load(row[1]), row[2], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))
end
