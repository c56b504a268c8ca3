class Point { constructor(x, y) { this.x = x; this.y = y; } }
console.log([1.5, "a", null, undefined, true, 10n, Symbol("s")]);
console.log({ a: { b: { c: { d: 1 } } }, f() {}, g: () => 1, [Symbol("k")]: 2, "needs-quotes": 'it\'s' });
console.log(new Map([["a", 1], [{ k: 1 }, [2]]]), new Set([1, "x"]), new Point(1, 2), [new Date(0)]);
console.log([,1,,], [1, 2, 3].entries(), new Array(3), Array.from({ length: 120 }, (_, i) => i));
console.log(/re/g, new Error("boom").message, [function named() {}, class A {}, async () => {}, function* gen() {}]);
console.log(Buffer.from("hi"), new Uint8Array(3), Promise.resolve(5), new WeakMap());
const loop = { name: "loop" }; loop.self = loop;
console.log(loop, -0, [-0], 0, NaN, "text", ["it's", 'say "hi"', `both ' and "`, "line\nbreak"]);
console.log({ get a() { return 1; }, set b(v) {}, get c() { return 1; }, set c(v) {} }, Object.create(null), Object.create({ p: 1 }));
console.log("x".repeat(5), ["a".repeat(80)], { long: "b".repeat(100), other: "c" });
console.log([["nested", ["deep", ["deeper", ["deepest"]]]]], [undefined, null], [[]], {}, [{}]);
console.log(process.version.startsWith("v"), typeof globalThis, [new Boolean(true), new String("s"), new Number(3)]);
