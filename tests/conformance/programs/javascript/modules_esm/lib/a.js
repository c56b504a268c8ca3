export default function greet(name) { return `hi ${name}`; }
export const named = "named";
export let count = 0;
export function bump() { count += 1; }
console.log("a loaded");
