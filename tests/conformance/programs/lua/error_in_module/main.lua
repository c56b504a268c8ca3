local stats = require("stats")
print(stats.mean({ 1, 2, 3 }))
print(stats.mean({ "a" }))
