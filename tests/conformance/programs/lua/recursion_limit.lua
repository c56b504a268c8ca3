local function forever(n) return 1 + forever(n + 1) end
local ok, err = pcall(forever, 1)
print(ok, (err:gsub("^.-:%d+: ", ""):match("^[%a ]+")))
local function ack(m, n) if m == 0 then return n + 1 elseif n == 0 then return ack(m - 1, 1) end return ack(m - 1, ack(m, n - 1)) end
print(ack(2, 3))
