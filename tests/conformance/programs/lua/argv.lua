print(#arg, arg[0], ...)
for i, a in ipairs(arg) do print(i, a) end
print(select("#", ...), (select(2, ...)))
