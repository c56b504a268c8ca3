local function counter()
  local n = 0
  return { inc = function(by) n = n + (by or 1) return n end, get = function() return n end }
end
local a, b = counter(), counter()
a.inc() a.inc(5) b.inc()
print(a.get(), b.get())
local fs = {} for i = 1, 3 do fs[i] = function() return i * 10 end end
print(fs[1](), fs[2](), fs[3]())
local function sum(...) local total = 0 for _, v in ipairs({ ... }) do total = total + v end return total, select("#", ...) end
print(sum(1, 2, 3), (sum(4, 5)))
local function map(t, f) local out = {} for i, v in ipairs(t) do out[i] = f(v) end return out end
local function reduce(t, f, acc) for _, v in ipairs(t) do acc = f(acc, v) end return acc end
print(table.concat(map({ 1, 2, 3 }, function(x) return x * x end), " "), reduce({ 1, 2, 3, 4 }, function(x, y) return x + y end, 0))
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
local function tail(n, acc) if n == 0 then return acc end return tail(n - 1, acc + n) end
print(fact(20), fact(21), tail(100000, 0))
local memo = setmetatable({}, { __mode = "k" }) local function fib(n) if n < 2 then return n end if memo[n] then return memo[n] end local v = fib(n - 1) + fib(n - 2) memo[n] = v return v end
print(fib(80), (function(...) return select(-1, ...) end)("a", "b", "c"))
do local x <const> = 5 local y <close> = setmetatable({}, { __close = function() print("closed") end }) print(x) end
local function multi() return 1, 2, 3 end local x, y, z, w = multi() print(x, y, z, w, (multi())) print(({ multi(), multi() })[4], #{ multi(), 9 })
