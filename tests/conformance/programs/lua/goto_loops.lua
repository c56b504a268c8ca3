for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    io.write(i, ":", j, " ")
    ::continue::
  end
end
print()
local i = 0
::top::
i = i + 1
if i < 5 then goto top end
print(i)
repeat local done = i > 6 i = i + 1 until done
print(i)
while true do i = i - 1 if i < 3 then break end end
print(i)
for k, v in next, { "a", "b" } do print(k, v) end
if i == 2 then print("two") elseif i == 3 then print("three") else print("else") end
for n = 3, 1, -1 do io.write(n, n > 1 and "," or "\n") end
print(pcall(function() for q = 1, 10, 0 do end end))
