type Square = { kind: "square"; size: number };
type Rect = { kind: "rect"; w: number; h: number };
type Shape = Square | Rect;
function area(s: Shape): number {
  switch (s.kind) {
    case "square": return s.size ** 2;
    case "rect": return s.w * s.h;
    default: { const never: never = s; return never; }
  }
}
function isString(v: unknown): v is string { return typeof v === "string"; }
function assertNumber(v: unknown): asserts v is number { if (typeof v !== "number") throw new TypeError(`not a number: ${v}`); }
console.log(area({ kind: "square", size: 3 }), area({ kind: "rect", w: 2, h: 5 }), [1, "a", null].filter(isString));
const value: string | number | string[] = Math.random() > 2 ? "x" : [1, 2].length;
console.log(typeof value === "number" ? value.toFixed(1) : Array.isArray(value) ? value.join() : value.toUpperCase());
try { assertNumber("five"); } catch (e: unknown) { if (e instanceof TypeError) console.log(e.message); }
let x: unknown = { a: { b: 1 } };
console.log((x as { a: { b: number } }).a!.b, (<{ a: object }>x).a);
