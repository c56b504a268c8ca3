const { add, PI } = require("./lib/math");
const math = require("./lib/math.js");
const data = require("./data.json");
const Counter = require("./lib");
console.log(add(1, 2), PI, math === require("./lib/math"), data.items.length, new Counter().next().next().value);
console.log(__filename.split("/").pop(), module.exports === exports, typeof require, require.resolve("./lib/math").endsWith("lib/math.js"));
exports.x = 1;
try { require("./nothing"); } catch (e) { console.log(e.code, e.message.split("\n")[0]); }
try { require("no-such-package"); } catch (e) { console.log(e.code); }
const fs = require("fs");
console.log(fs.readFileSync("notes.txt", "utf8").trim(), fs.readFileSync(__dirname + "/notes.txt").length);
