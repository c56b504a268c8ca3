const readline = require("node:readline");
const rl = readline.createInterface({ input: process.stdin });
const numbers = [];
rl.on("line", (line) => numbers.push(...line.trim().split(/\s+/).map(Number)));
rl.on("close", () => {
  console.log(numbers, numbers.reduce((a, b) => a + b, 0), Math.max(...numbers));
});
