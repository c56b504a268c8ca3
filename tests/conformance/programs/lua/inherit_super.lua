local function class(base) local c = {} c.__index = c if base then setmetatable(c, { __index = base }) end c.super = base function c.new(...) local o = setmetatable({}, c) if o.init then o:init(...) end return o end return c end
local Shape = class() function Shape:init(name) self.name = name end function Shape:describe() return self.name .. " with area " .. self:area() end
local Square = class(Shape) function Square:init(side) Square.super.init(self, "square") self.side = side end function Square:area() return self.side ^ 2 end
local Circle = class(Shape) function Circle:init(r) Circle.super.init(self, "circle") self.r = r end function Circle:area() return string.format("%.2f", math.pi * self.r ^ 2) end
for _, s in ipairs({ Square.new(2), Circle.new(1) }) do print(s:describe()) end
print(pcall(function() Shape.new("blob"):describe() end))
