local geometry = require("geometry")
local text = require("lib.text")
print(geometry.area(2, 3), text.title("hello world"), require("geometry") == geometry)
print(package.loaded["lib.text"] == text, text.origin, type(package.path), #arg)
local ok, err = pcall(require, "missing.module") print(ok, err:match("^[^\n]+"))
package.preload["virtual"] = function(name) return { name = name } end
print(require("virtual").name)
print(dofile("lib/value.lua") + 1, loadfile("nothing.lua"))
