local M = { origin = ... }
function M.title(s) return (s:gsub("(%a)(%w*)", function(a, b) return a:upper() .. b end)) end
return M
