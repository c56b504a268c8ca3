print(load("return 1 + 1")(), load("syntax error here"), type(load(function() return nil end)))
local env = { print = print, x = 5 } load("x = x + 1; y = x", "chunk", "t", env)() print(env.x, env.y, x, y)
print(pcall(load("error('in chunk')", "=named"))) print(pcall(load("local a\nerror('line two')", "@file.lua")))
local f = load("local a, b = ... return b, a") print(f(1, 2)) print(select(2, load("x =", "=(eval)")))
local g = setmetatable({}, { __index = _G }) local h = load("function added() return 'yes' end return added()", "c", "t", g) print(h(), added, g.added ~= nil)
print(_G._G == _G, _ENV == _G) do local _ENV = { print = print } print(tostring) end
