import { average } from "./stats.js";
console.log(average([1, 2, 3]));
console.log(average(null));
