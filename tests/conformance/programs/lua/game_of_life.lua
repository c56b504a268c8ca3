local W, H = 5, 5 local cells = { ["2,1"] = true, ["3,2"] = true, ["1,3"] = true, ["2,3"] = true, ["3,3"] = true }
local function alive(x, y) return cells[x .. "," .. y] end
for generation = 1, 3 do
  print("generation " .. generation)
  local nextCells = {}
  for y = 1, H do
    local row = {}
    for x = 1, W do
      local n = 0
      for dy = -1, 1 do for dx = -1, 1 do if (dx ~= 0 or dy ~= 0) and alive(x + dx, y + dy) then n = n + 1 end end end
      row[#row + 1] = alive(x, y) and "#" or "."
      if n == 3 or (n == 2 and alive(x, y)) then nextCells[x .. "," .. y] = true end
    end
    print(table.concat(row))
  end
  cells = nextCells
end
