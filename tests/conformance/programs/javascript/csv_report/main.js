const fs = require("fs");
const [header, ...lines] = fs.readFileSync("sales.csv", "utf8").trim().split("\n");
const columns = header.split(",");
const rows = lines.map((line) => Object.fromEntries(line.split(",").map((v, i) => [columns[i], isNaN(v) ? v : Number(v)])));
const byRegion = Object.entries(Object.groupBy(rows, (r) => r.region)).map(([region, rs]) => ({ region, total: rs.reduce((s, r) => s + r.amount, 0), n: rs.length }));
byRegion.sort((a, b) => b.total - a.total);
console.table(byRegion);
fs.writeFileSync("report.json", JSON.stringify(byRegion, null, 2));
