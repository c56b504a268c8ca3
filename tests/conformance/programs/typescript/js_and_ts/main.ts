import { legacy } from "./legacy.js";
import { modern } from "./modern.ts";
const value: number = legacy(2);
console.log(value, modern(value));
