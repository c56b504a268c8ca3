function* fibonacci() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b]; } }
function* take(n, it) { let i = 0; for (const x of it) { if (i++ >= n) return; yield x; } }
console.log([...take(10, fibonacci())]);
const range = { from: 1, to: 4, *[Symbol.iterator]() { for (let v = this.from; v <= this.to; v++) yield v; } };
console.log([...range], Math.max(...range), Array.from(range, (x) => x * x));
function* talk() { const name = yield "name?"; try { const age = yield `hi ${name}, age?`; return age; } finally { console.log("cleanup"); } }
const t = talk();
console.log(t.next(), t.next("Ada"), t.next(36), t.next());
const u = talk(); u.next(); u.next("x");
console.log(u.return("early"));
function* outer() { const r = yield* inner(); yield `got ${r}`; }
function* inner() { yield 1; return "ret"; }
console.log([...outer()]);
const [first, , third = "default", ...rest] = take(5, fibonacci());
console.log(first, third, rest);
for (const [k, v] of Object.entries({ a: 1, b: 2 })) console.log(k, v);
for (const [i, c] of [..."héy"].entries()) console.log(i, c);
for (const k in { x: 1, y: 2, 2: 0, 1: 0 }) console.log(k);
console.log([1, 2, 3, 4].values().filter((x) => x % 2).map((x) => x * 10).toArray());
class Tree { constructor(v, l, r) { Object.assign(this, { v, l, r }); } *[Symbol.iterator]() { if (this.l) yield* this.l; yield this.v; if (this.r) yield* this.r; } }
console.log([...new Tree(2, new Tree(1), new Tree(3))].join());
