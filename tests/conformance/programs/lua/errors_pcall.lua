print(pcall(error, "plain")) print(pcall(error, "with level", 0)) print(pcall(error)) print(type(select(2, pcall(error, { code = 42 })))) 
local ok, e = pcall(function() error({ code = 42 }) end) print(ok, e.code)
local ok2, m = pcall(function() local x = nil return x.field end) print(ok2, m)
print(pcall(function() return #nil end)) print(pcall(function() undefinedFunction() end)) print(pcall(function() local t = {} t.x.y = 1 end)) print(pcall(function() return 1 < "2" end)) print(pcall(function() return {} < {} end))
print(select(2, pcall(error, "lvl2", 2))) print(xpcall(function() error("E") end, function(msg) return "handled: " .. msg end)) print(xpcall(function(a, b) return a + b end, print, 1, 2))
local function try(f, catch, finally) local r = table.pack(pcall(f)) if not r[1] then catch(r[2]) end if finally then finally() end end
try(function() error("oops", 0) end, function(err) print("caught", err) end, function() print("finally") end)
print(pcall(assert, false)) print(pcall(assert, nil, "assert message")) print(assert(5, "unused")) print(pcall(tonumber)) print(pcall(setmetatable, 1, {}))
local t = setmetatable({}, { __tostring = function() return "custom error" end }) print(pcall(error, t)) print(tostring(select(2, pcall(error, t))))
local Error = {} Error.__index = Error function Error.new(msg) return setmetatable({ msg = msg }, Error) end
local _, err = pcall(function() error(Error.new("typed")) end) print(getmetatable(err) == Error, err.msg)
print(string.match(debug.traceback("tb"), "^tb\nstack traceback:"))
