local function rpad(s, n) return s .. string.rep(" ", n - #s) end
for _, row in ipairs({ { "apple", 3, 0.5 }, { "kiwi", 12, 12.25 } }) do print(rpad(row[1], 8) .. string.format("%4d%9.2f", row[2], row[3])) end
local function roman(n) local map = { { 1000, "M" }, { 900, "CM" }, { 500, "D" }, { 400, "CD" }, { 100, "C" }, { 90, "XC" }, { 50, "L" }, { 40, "XL" }, { 10, "X" }, { 9, "IX" }, { 5, "V" }, { 4, "IV" }, { 1, "I" } } local out = "" for _, p in ipairs(map) do while n >= p[1] do out = out .. p[2] n = n - p[1] end end return out end
print(roman(1994), roman(4)) local function bin(n) local s = "" repeat s = (n % 2) .. s n = n // 2 until n == 0 return s end print(bin(10), bin(255), tonumber("1010", 2))
local function gcd(a, b) while b ~= 0 do a, b = b, a % b end return a end print(gcd(84, 36), 84 // gcd(84, 36) * 36)
local function palindrome(s) s = s:lower():gsub("%A", "") return s == s:reverse() end print(palindrome("A man, a plan, a canal: Panama"), palindrome("no"))
local function caesar(s, k) return (s:gsub("%a", function(c) local base = c:match("%l") and 97 or 65 return string.char((c:byte() - base + k) % 26 + base) end)) end print(caesar("Hello, World!", 3), caesar(caesar("abc", 5), -5))
