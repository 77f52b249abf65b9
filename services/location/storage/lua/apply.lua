-- Positions into live state; the newest by (at, seq) wins.
-- ARGV: rows as JSON [[id, at, seq, cell, pos], ...]; now (ms); least ms between two moves; positions remembered.
-- Gives {unknown, traced, moved}: unknown = {row, rev, ...} of drivers to look up; traced = {row, trip, ...};
-- moved = {{row, trip, rider, state, target, eta, eta_at}, ...}. Rows count from 1.
local LATE_MS = 5000
local rows, now, move_every, recent = cjson.decode(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local unknown, traced, moving, moved = {}, {}, {}, {}
for i, row in ipairs(rows) do
  local id, at, seq, cell, pos = row[1], row[2], row[3], row[4], row[5]
  local d = load(id)
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
    local known = tonumber(d.at or '-1')
    if at > known or (at == known and seq > tonumber(d.seq or '-1')) then
      d.at, d.seq, d.pos, d.cell = string.format('%.0f', at), string.format('%.0f', seq), pos, cell
      redis.call('HSET', driver_key(id), 'at', d.at, 'seq', d.seq, 'pos', pos, 'cell', cell)
      place(id, d)
      if d.trip ~= '' then moving[id] = {i, d} end
    end
  end
end
for id, what in pairs(moving) do
  local i, d = what[1], what[2]
  if now - tonumber(d.moved or '0') >= move_every then
    redis.call('HSET', driver_key(id), 'moved', ARGV[2])
    moved[#moved + 1] = {i, d.trip, d.rider, d.state, d.target, d.eta or '', d.eta_at or ''}
  end
end
return {unknown, traced, moved}
