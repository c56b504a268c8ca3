local t = { 10, 20, 30, x = 1, ["key with space"] = 2, [100] = "far" }
print(#t, t.x, t["key with space"], t[100], t.missing, next({}))
table.insert(t, 40); table.insert(t, 1, 5)
print(table.concat(t, ","), table.remove(t), table.remove(t, 1), #t, table.unpack(t))
t[#t + 1] = "end"
for i, v in ipairs(t) do io.write(i, "=", tostring(v), " ") end print()
local keys = {}
for k in pairs(t) do keys[#keys + 1] = tostring(k) end
table.sort(keys) print(table.concat(keys, " "))
print(table.pack(1, nil, 3).n, table.concat({ 1, 2, 3 }, "-", 2, 3), table.unpack({ 1, 2, 3 }, 2))
local m = {} for i = 1, 3 do m[i] = {} for j = 1, 3 do m[i][j] = i * j end end
print(m[2][3], #m, rawlen({ 1, 2 }), rawequal(t, t))
table.sort(t, function(a, b) return tostring(a) > tostring(b) end) print(table.concat(t, " "))
local copy = table.move({ 1, 2, 3 }, 1, 3, 2, {}) print(copy[1], copy[2], copy[4])
t.x = nil print(t.x)
print(pcall(table.concat, { 1, {}, 3 }))
print(pcall(table.sort, { 3, 1, "x" }))
