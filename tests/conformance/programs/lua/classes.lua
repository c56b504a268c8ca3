local Animal = {} Animal.__index = Animal
function Animal.new(name, sound) local self = setmetatable({}, Animal) self.name = name self.sound = sound return self end
function Animal:speak() return self.name .. " says " .. self.sound end
local Dog = setmetatable({}, { __index = Animal }) Dog.__index = Dog
function Dog.new(name) local self = Animal.new(name, "woof") self.tricks = {} return setmetatable(self, Dog) end
function Dog:learn(trick) self.tricks[#self.tricks + 1] = trick return self end
function Dog:speak() return Animal.speak(self) .. "!" end
local d = Dog.new("Rex"):learn("sit"):learn("roll")
print(d:speak(), table.concat(d.tricks, ","), getmetatable(d) == Dog, rawget(Dog, "new") ~= nil)
local Stack = {} function Stack.new() local items = {} local self = {} function self.push(v) items[#items + 1] = v return self end function self.pop() return table.remove(items) end function self.size() return #items end return self end
local s = Stack.new().push(1).push(2) print(s.pop(), s.size(), s.pop(), s.pop())
print(pcall(function() d:fly() end))
print(pcall(Dog.speak))
