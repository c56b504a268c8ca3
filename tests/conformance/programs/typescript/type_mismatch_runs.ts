// Types are erased, not checked: this runs, as it does with every tool that only strips them.
const n: number = "not a number" as any;
const wrong: string = (5 as unknown) as string;
console.log(typeof n, typeof wrong);
function add(a: number, b: number): number { return a + b; }
console.log(add("1" as any, 2));
