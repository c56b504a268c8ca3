const args = process.argv.slice(2);
console.log(args.length, args);
const { parseArgs } = require("node:util");
const { values, positionals } = parseArgs({ args, options: { name: { type: "string", short: "n" }, verbose: { type: "boolean" } }, allowPositionals: true });
console.log(values.name, values.verbose, positionals);
console.log(typeof process.argv[0], process.argv[1].endsWith("argv.js"));
