interface Range extends Iterable<number> { readonly from: number; readonly to: number }
const range = (from: number, to: number): Range => ({ from, to, *[Symbol.iterator](): Iterator<number> { for (let i = from; i < to; i++) yield i; } });
function* zip<A, B>(a: Iterable<A>, b: Iterable<B>): Generator<[A, B]> { const it = b[Symbol.iterator](); for (const x of a) { const n = it.next(); if (n.done) return; yield [x, n.value]; } }
console.log([...range(1, 4)], [...zip(range(0, 9), "abc")], Math.max(...range(0, 5)));
const groups: Map<string, number[]> = new Map();
for (const n of range(0, 6)) { const key = n % 2 ? "odd" : "even"; groups.set(key, [...(groups.get(key) ?? []), n]); }
console.log(groups, Object.fromEntries(groups));
const entries: Array<[string, number]> = Object.entries({ b: 2, a: 1 }).sort(([a], [b]) => a.localeCompare(b));
console.log(entries);
