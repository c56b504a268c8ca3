class Stack<T> {
  private items: T[] = [];
  push(...values: T[]): Stack<T> { this.items.push(...values); return this; }
  pop(): T | undefined { return this.items.pop(); }
  get size(): number { return this.items.length; }
  *[Symbol.iterator](): IterableIterator<T> { yield* this.items; }
}
function identity<T>(value: T): T { return value; }
const first = <T,>(values: T[]): T | undefined => values[0];
function pluck<T, K extends keyof T>(items: T[], key: K): T[K][] { return items.map((item) => item[key]); }
function merge<A extends object, B extends object = {}>(a: A, b: B): A & B { return { ...a, ...b }; }
const s = new Stack<number>().push(1, 2, 3);
console.log(s.pop(), s.size, [...s], identity<string>("id"), first([9]), pluck([{ a: 1 }, { a: 2 }], "a"), merge({ x: 1 }, { y: 2 }));
type Maybe<T> = { ok: true; value: T } | { ok: false; error: string };
const parse = (text: string): Maybe<number> => (isNaN(+text) ? { ok: false, error: `bad ${text}` } : { ok: true, value: +text });
for (const t of ["5", "x"]) { const r = parse(t); console.log(r.ok ? r.value : r.error); }
