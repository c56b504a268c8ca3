local function chars(s) local i = 0 return function() i = i + 1 if i <= #s then return i, s:sub(i, i) end end end
for i, c in chars("abc") do io.write(i, c, " ") end print()
local function ordered(t) local keys = {} for k in pairs(t) do keys[#keys + 1] = k end table.sort(keys) local i = 0 return function() i = i + 1 if keys[i] ~= nil then return keys[i], t[keys[i]] end end end
for k, v in ordered({ b = 2, a = 1, c = 3 }) do io.write(k, "=", v, " ") end print()
local function stateless(max, n) if n < max then return n + 1, n * n end end for i, sq in stateless, 3, 0 do io.write(i, ":", sq, " ") end print()
for w in string.gmatch("one two", "%a+") do io.write(w, "|") end print()
local t = { 1, 2, nil, 4 } local n = 0 for _ in ipairs(t) do n = n + 1 end print(n)
for k, v in pairs(setmetatable({}, { __pairs = function() return function(_, k) if not k then return 1, "meta" end end, {}, nil end })) do print(k, v) end
local closed = setmetatable({}, { __close = function() print("iterator closed") end }) for i in function(_, i) if i < 2 then return i + 1 end end, nil, 0, closed do io.write(i, " ") end
