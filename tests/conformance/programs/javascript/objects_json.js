const o = { b: 1, a: 2, nested: { list: [1, { x: null }] }, date: new Date(Date.UTC(2024, 0, 31)), u: undefined, f() {}, [Symbol("s")]: 1 };
console.log(JSON.stringify(o), JSON.stringify(o, null, 2), JSON.stringify(o, ["a", "b"]), JSON.stringify({ k: 1n < 2 }));
console.log(JSON.stringify([undefined, () => 1, NaN, Infinity, "é", "\n", new Map([[1, 2]]), new Set([1])]), JSON.stringify("x"), JSON.stringify(undefined), JSON.stringify({ toJSON: () => "custom" }));
console.log(JSON.parse('{"a":[1,2,{"b":true}],"c":"\\u00e9"}'), JSON.parse("[1,2]", (k, v) => (typeof v === "number" ? v * 2 : v)), JSON.parse(" 5 "));
for (const bad of ['{"a":1,}', "{'a':1}", "[1,", "", "undefined"]) { try { JSON.parse(bad); } catch (e) { console.log(e.name, e.message); } }
try { JSON.stringify(1n); } catch (e) { console.log(e.message); }
const cyc = {}; cyc.self = cyc; try { JSON.stringify(cyc); } catch (e) { console.log(e.message.split("\n")[0]); }
console.log(Object.keys(o), Object.values({ a: 1 }), Object.entries({ a: 1, b: 2 }), Object.fromEntries([["x", 1], ["y", 2]]), Object.assign({}, { a: 1 }, { b: 2 }));
const frozen = Object.freeze({ a: 1 }); frozen.a = 2; delete frozen.a; console.log(frozen, Object.isSealed(frozen));
console.log(structuredClone({ d: new Date(0), m: new Map([[1, { a: [1] }]]), n: [undefined] }), Object.getOwnPropertyDescriptor({ get x() { return 1; } }, "x"));
const sym = Symbol("desc"); console.log(sym.toString(), sym.description, Symbol.for("k") === Symbol.for("k"), { [sym]: 1 }[sym], delete o.a, "a" in o);
console.log({ valueOf() { return 42; } } + 1, `${{ toString() { return "str"; } }}`, { [Symbol.toPrimitive]: (h) => h } * 1, [1, 2] == "1,2", ({}).toString());
