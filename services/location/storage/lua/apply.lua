-- Positions into live state; the newest by (at, seq) wins. One with a mark goes into the trace only, and is counted.
-- ARGV: rows as JSON [[id, at, seq, cell, spot, pos, mark or ''], ...]; now (ms); least ms between two moves; positions
-- remembered; marks that make a driver doubtful; within how many ms.
-- Gives {unknown, traced, moved, old}: unknown = {row, rev, ...} of drivers to look up; traced = {row, trip, ...};
-- moved = {{row, trip, rider, state, target, eta, eta_at}, ...}; old = {row, ...} of those that are no news. Rows count
-- from 1.
local LATE_MS = 5000
local rows, now, move_every, recent = cjson.decode(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local enough, window = tonumber(ARGV[5]), tonumber(ARGV[6])
-- all that most positions need to know of their driver
local FEW = {'at', 'seq', 'online', 'cats', 'trip', 'trip_from', 'prev', 'prev_from', 'prev_until', 'listed', 'doubt'}
local unknown, traced, moving, moved, old = {}, {}, {}, {}, {}

local function live(i, id, d, at, seq, row)
  local known = tonumber(d.at or '-1')
  if at > known or (at == known and seq > tonumber(d.seq or '-1')) then
    d.at, d.seq, d.cell, d.spot, d.pos = string.format('%.0f', at), string.format('%.0f', seq), row[4], row[5], row[6]
    place(id, d, {'at', d.at, 'seq', d.seq, 'cell', d.cell, 'spot', d.spot, 'pos', d.pos})
    if d.trip ~= '' then moving[id] = {i, d} end
  else
    old[#old + 1] = i
  end
end

for i, row in ipairs(rows) do
  local id, at, seq, pos, marked = row[1], row[2], row[3], row[6], row[7] ~= ''
  local d = read(id, FEW)
  if marked or not d.online or d.trip ~= '' then d = load(id) end
  if marked then note_marks(id, d, {{at, seq}}, now, enough, window) end
  if not d.online or not d.trip then
    remember(id, pos, recent)
    unknown[#unknown + 1] = i
    unknown[#unknown + 1] = revision(d)
  else
    local trip = nil
    if d.trip ~= '' and at >= tonumber(d.trip_from) then trip = d.trip
    elseif d.prev and at >= tonumber(d.prev_from) and at <= tonumber(d.prev_until) + LATE_MS then trip = d.prev end
    if trip then
      traced[#traced + 1] = i
      traced[#traced + 1] = trip
    elseif d.trip == '' then
      remember(id, pos, recent)
    end
    if not marked then live(i, id, d, at, seq, row) end
  end
end
for id, what in pairs(moving) do
  local i, d = what[1], what[2]
  if now - tonumber(d.moved or '0') >= move_every then
    redis.call('HSET', driver_key(id), 'moved', ARGV[2])
    moved[#moved + 1] = {i, d.trip, d.rider, d.state, d.target, d.eta or '', d.eta_at or ''}
  end
end
return {unknown, traced, moved, old}
