local function bubble(t) local n = #t for i = n, 2, -1 do for j = 1, i - 1 do if t[j] > t[j + 1] then t[j], t[j + 1] = t[j + 1], t[j] end end end return t end
local function quick(t) if #t < 2 then return t end local p, l, r = t[1], {}, {} for i = 2, #t do local into = t[i] < p and l or r into[#into + 1] = t[i] end local out = quick(l) out[#out + 1] = p for _, v in ipairs(quick(r)) do out[#out + 1] = v end return out end
print(table.concat(bubble({ 5, 3, 9, 1 }), " "), table.concat(quick({ 9, -3, 5, 0, 5 }), " "))
local people = { { n = "Ada", a = 36 }, { n = "Bob", a = 25 }, { n = "Cyd", a = 36 } }
table.sort(people, function(x, y) if x.a ~= y.a then return x.a > y.a end return x.n < y.n end) for _, p in ipairs(people) do io.write(p.n, " ") end print()
local words = { "banana", "Apple", "cherry" } table.sort(words) print(table.concat(words, " ")) table.sort(words, function(a, b) return a:lower() < b:lower() end) print(table.concat(words, " "))
local function search(t, x) local lo, hi = 1, #t while lo <= hi do local m = (lo + hi) // 2 if t[m] == x then return m elseif t[m] < x then lo = m + 1 else hi = m - 1 end end end print(search({ 1, 3, 5, 7 }, 5), search({ 1 }, 9))
local s, p = {}, {} for i = 2, 50 do if not s[i] then p[#p + 1] = i for j = i * i, 50, i do s[j] = true end end end print(table.concat(p, " "))
for i = 1, 15 do io.write(i % 15 == 0 and "FizzBuzz" or i % 5 == 0 and "Buzz" or i % 3 == 0 and "Fizz" or i, " ") end print()
local function hanoi(n, a, b, c) if n == 0 then return 0 end return hanoi(n - 1, a, c, b) + 1 + hanoi(n - 1, c, b, a) end print(hanoi(10, "A", "B", "C"))
