import { Inventory } from "./src/inventory.ts";
import { readFileSync } from "node:fs";
const inventory = Inventory.parse(readFileSync("stock.csv", "utf8"));
inventory.remove("tea", 2);
console.log(inventory.report());
console.log(inventory.value.toFixed(2));
inventory.remove("cake", 1);
