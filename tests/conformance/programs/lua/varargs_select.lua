local function f(...) local a, b = ... return select("#", ...), a, b, ... end
print(f()) print(f(nil, nil)) print((f(1, 2, 3))) print(f("x"), "end")
local function pack2(...) return { n = select("#", ...), ... } end local p = pack2(1, nil, 3) print(p.n, p[1], p[2], p[3])
print(table.unpack({ 1, 2, nil, 4 }, 1, 4)) print(math.max(table.unpack({ 3, 9, 2 }))) print(select(-2, "a", "b", "c")) print(pcall(select, 0))
local function default(a, b) a = a or "A" b = b == nil and "B" or b return a, b end print(default()) print(default(false, false))
local function named(o) return (o.greeting or "Hi") .. " " .. o.name end print(named { name = "Ada" }, named { name = "Bob", greeting = "Yo" }) print(#{ ... })
