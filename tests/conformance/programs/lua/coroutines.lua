local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  print("got", c)
  local d, e = coroutine.yield(c * 2)
  return d + e, "end"
end)
print(coroutine.resume(co, 1, 2)) print(coroutine.status(co)) print(coroutine.resume(co, 10)) print(coroutine.resume(co, 3, 4)) print(coroutine.status(co), coroutine.resume(co))
local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
for i in range(3) do io.write(i, " ") end print()
local function permgen(a, n) n = n or #a if n <= 1 then coroutine.yield(a) else for i = 1, n do a[n], a[i] = a[i], a[n] permgen(a, n - 1) a[n], a[i] = a[i], a[n] end end end
for p in coroutine.wrap(function() permgen({ 1, 2, 3 }) end) do io.write(table.concat(p), " ") end print()
local producer = coroutine.create(function() for _, v in ipairs({ "a", "b" }) do coroutine.yield(v) end return nil end)
while true do local ok, v = coroutine.resume(producer) if not v then break end print("consumed", v) end
local bad = coroutine.create(function() error("inside") end) print(coroutine.resume(bad)) print(coroutine.isyieldable(), select(2, coroutine.running()))
local tasks = {} local function spawn(name, n) tasks[#tasks + 1] = coroutine.wrap(function() for i = 1, n do print(name, i) coroutine.yield(true) end return false end) end
spawn("x", 2) spawn("y", 1) while #tasks > 0 do for i = #tasks, 1, -1 do if not tasks[i]() then table.remove(tasks, i) end end end
print(coroutine.close(coroutine.create(print)), select(2, pcall(coroutine.wrap(function() error({ code = 5 }) end))).code)
