local name = io.read()
local age = io.read("n")
io.read()
print("Hello " .. name .. ", " .. age + 1)
local total = 0
for line in io.lines() do
  for number in line:gmatch("%-?%d+") do total = total + tonumber(number) end
end
print("total", total, io.read())
