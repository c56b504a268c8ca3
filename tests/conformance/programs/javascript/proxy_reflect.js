const log = [];
const target = { a: 1, _private: 2 };
const p = new Proxy(target, {
  get(t, k, r) { log.push(`get ${String(k)}`); return k in t ? Reflect.get(t, k, r) : `no ${String(k)}`; },
  set(t, k, v) { if (typeof v !== "number") throw new TypeError(`${k} must be a number`); return Reflect.set(t, k, v); },
  has: (t, k) => !k.startsWith("_") && k in t,
  deleteProperty(t, k) { log.push(`delete ${k}`); return delete t[k]; },
  ownKeys: (t) => Reflect.ownKeys(t).filter((k) => !k.startsWith("_")),
});
console.log(p.a, p.zzz, "_private" in p, "a" in p, Object.keys(p));
p.b = 5; delete p.a;
try { p.c = "x"; } catch (e) { console.log(e.message); }
console.log(target, log);
const fn = new Proxy((x) => x * 2, { apply: (f, self, args) => f(...args) + 1, construct: (f, args) => ({ made: args }) });
console.log(fn(5), Reflect.ownKeys({ b: 1, [Symbol.iterator]: 2 }).length, Reflect.apply(Math.max, null, [1, 3]), Reflect.construct(Date, [0]).getTime());
const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); try { proxy.x; } catch (e) { console.log(e.message); }
const negative = new Proxy([1, 2, 3], { get: (t, k, r) => Reflect.get(t, typeof k === "string" && k < 0 ? t.length + +k : k, r) }); console.log(negative[-1], negative.length);
