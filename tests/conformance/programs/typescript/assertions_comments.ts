// @ts-expect-error comments and /* type ? */ text stay out of the way
const re: RegExp = /<T>(a|b): string/g; /* a : b */
const text = "a<b>(c): d as e" as string;
const generic = Array<number>(3).fill(0);
const arrow = async <T,>(x: T): Promise<T> => x;
const cmp = (a: number, b: number) => a < b || a > (b as number);
const obj = { as: 1, type: 2, satisfies: 3, interface: 4, declare: 5, readonly: 6 } as const;
let type = "variable named type"; type = type + "!";
console.log(re.test("<T>a: string"), text, generic, cmp(1, 2), obj.as + obj.type, type, typeof arrow, obj.interface);
label: for (const i of [1, 2]) { if (i === 2) break label; console.log(i); }
const tagged = (s: TemplateStringsArray, ...v: unknown[]): string => s.raw.join("_") + v.length;
console.log(tagged`x${1}y${2}`, ((a?: number) => a)?.(3), [1, 2].map((n): string => `${n}`));
