import { createInterface } from "node:readline";
const numbers: number[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  for (const word of line.split(" ").filter(Boolean)) numbers.push(Number(word));
}
const stats: { sum: number; mean: number } = { sum: numbers.reduce((a, b) => a + b, 0), mean: 0 };
stats.mean = stats.sum / numbers.length;
console.log(stats);
