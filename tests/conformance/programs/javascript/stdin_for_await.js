import readline from "node:readline";
let count = 0;
for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  count += 1;
  console.log(count, line.split("").reverse().join(""));
}
console.log("lines:", count);
