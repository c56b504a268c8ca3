print("before")
error(setmetatable({ code = 5 }, { __tostring = function(e) return "code " .. e.code end }))
