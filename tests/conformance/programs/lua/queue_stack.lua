local Queue = {} Queue.__index = Queue
function Queue.new() return setmetatable({ first = 1, last = 0, items = {} }, Queue) end
function Queue:push(v) self.last = self.last + 1 self.items[self.last] = v end
function Queue:pop() if self.first > self.last then return nil, "empty" end local v = self.items[self.first] self.items[self.first] = nil self.first = self.first + 1 return v end
local q = Queue.new() for i = 1, 3 do q:push(i * i) end print(q:pop(), q:pop(), q:pop(), q:pop())
local list for i = 3, 1, -1 do list = { value = i, next = list } end local at = list while at do io.write(at.value, "->") at = at.next end print("nil")
local function bfs(graph, start) local seen, order, queue = { [start] = true }, {}, { start } while #queue > 0 do local n = table.remove(queue, 1) order[#order + 1] = n for _, m in ipairs(graph[n] or {}) do if not seen[m] then seen[m] = true queue[#queue + 1] = m end end end return order end
print(table.concat(bfs({ a = { "b", "c" }, b = { "d" }, c = { "d" }, d = {} }, "a"), " "))
