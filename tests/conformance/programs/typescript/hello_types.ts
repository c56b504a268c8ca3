const name: string = "Ada";
let age: number = 36;
const tags: readonly string[] = ["x", "y"];
const maybe: string | undefined = undefined;
function greet(who: string, times = 1, ...rest: number[]): string { return `Hello ${who} ${times} ${rest.length}`; }
console.log(greet(name), greet("Bob", 2, 3, 4), age, tags, maybe ?? "none");
