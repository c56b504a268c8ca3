local Vector = {} Vector.__index = Vector
function Vector.new(x, y) return setmetatable({ x = x, y = y }, Vector) end
function Vector.__add(a, b) return Vector.new(a.x + b.x, a.y + b.y) end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y end
function Vector.__lt(a, b) return a:len2() < b:len2() end
function Vector.__le(a, b) return a:len2() <= b:len2() end
function Vector.__tostring(v) return "(" .. v.x .. ", " .. v.y .. ")" end
function Vector.__len() return 2 end
function Vector.__call(self, k) return Vector.new(self.x * k, self.y * k) end
function Vector.__unm(v) return Vector.new(-v.x, -v.y) end
function Vector.__concat(a, b) return tostring(a) .. tostring(b) end
function Vector.__mul(a, b) if type(a) == "number" then return b(a) end return a.x * b.x + a.y * b.y end
Vector.__name = "Vector"
function Vector:len2() return self.x ^ 2 + self.y ^ 2 end
local v, w = Vector.new(1, 2), Vector.new(3, 4)
print(tostring(v + w), v == Vector.new(1, 2), v < w, v <= w, #v, tostring(v(10)), tostring(-v), v .. w, v * w, tostring(2 * v))
local defaults = setmetatable({}, { __index = function(t, k) return k .. "?" end, __newindex = function(t, k, v) rawset(t, k, v * 2) end })
defaults.a = 5 print(defaults.a, defaults.b, rawget(defaults, "b"))
local proxy = setmetatable({}, { __index = { inherited = 1 }, __pairs = function() return next, { p = 9 }, nil end, __metatable = "locked" })
print(proxy.inherited, getmetatable(proxy), pcall(setmetatable, proxy, {})) for k, val in pairs(proxy) do print(k, val) end
local ro = setmetatable({}, { __newindex = function(_, k) error("read only: " .. k, 2) end }) print(pcall(function() ro.x = 1 end))
print(getmetatable("").__index == string, ("x"):upper(), pcall(function() return {} .. "x" end))
