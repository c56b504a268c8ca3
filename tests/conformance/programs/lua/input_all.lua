local text = io.read("a")
local words, order = {}, {}
for word in text:lower():gmatch("%a+") do
  if not words[word] then order[#order + 1] = word end
  words[word] = (words[word] or 0) + 1
end
table.sort(order, function(a, b) if words[a] ~= words[b] then return words[a] > words[b] end return a < b end)
for _, word in ipairs(order) do print(string.format("%-6s%3d", word, words[word])) end
