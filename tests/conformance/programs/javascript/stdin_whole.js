const fs = require("fs");
const text = fs.readFileSync(0, "utf8");
const [n, ...rows] = text.trim().split("\n");
console.log(Number(n), rows.map((row) => row.split(",").map(Number).reduce((a, b) => a * b)));
