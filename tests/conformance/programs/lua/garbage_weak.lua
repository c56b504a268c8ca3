local weak = setmetatable({}, { __mode = "v" })
weak[1] = {} weak[2] = "string stays"
collectgarbage()
print(weak[1], weak[2], collectgarbage("count") > 0, collectgarbage("step") ~= nil)
do local x = setmetatable({}, { __gc = function() print("collected") end }) end
collectgarbage() collectgarbage()
print("end")
