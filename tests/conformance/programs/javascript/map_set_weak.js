const m = new Map([["a", 1]]); m.set("b", 2).set(NaN, "nan").set(m, "self");
console.log(m.size, m.get(NaN), m.has("zz"), [...m.keys()].slice(0, 2), m.delete("a"), m.get("a"));
for (const [k, v] of m) if (typeof k === "string") console.log(k, v);
m.forEach((v, k) => typeof v === "number" && console.log(k, v));
const s = new Set("mississippi"); console.log([...s].join(""), s.has("m"), s.size, new Set([1, 2, 3]).union(new Set([3, 4])), new Set([1, 2]).intersection(new Set([2])), new Set([1, 2]).difference(new Set([2])), new Set([1]).isSubsetOf(new Set([1, 2])));
const w = new WeakMap(); const key = {}; w.set(key, "v"); console.log(w.get(key), w.has({}), new WeakRef(key).deref() === key);
const counts = [..."hello"].reduce((acc, c) => acc.set(c, (acc.get(c) ?? 0) + 1), new Map()); console.log(counts, Object.fromEntries(counts));
console.log(Map.groupBy([1, 2, 3], (x) => x % 2).get(1), new Map([[1, "a"]]), new Set(), new Map(Object.entries({ x: 1 })));
class LRU { constructor(n) { this.n = n; this.m = new Map(); } get(k) { if (!this.m.has(k)) return; const v = this.m.get(k); this.m.delete(k); this.m.set(k, v); return v; } set(k, v) { this.m.delete(k); this.m.set(k, v); if (this.m.size > this.n) this.m.delete(this.m.keys().next().value); } }
const c = new LRU(2); c.set("a", 1); c.set("b", 2); c.get("a"); c.set("c", 3); console.log([...c.m.keys()]);
