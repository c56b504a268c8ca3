local rows = {}
for line in io.lines("data/scores.csv") do
  local name, score = line:match("^([^,]+),(%d+)$")
  if name then rows[#rows + 1] = { name = name, score = tonumber(score) } end
end
table.sort(rows, function(a, b) return a.score > b.score end)
local out = io.open("ranking.txt", "w")
for i, row in ipairs(rows) do local text = string.format("%d. %s (%d)", i, row.name, row.score) print(text) out:write(text, "\n") end
out:close()
