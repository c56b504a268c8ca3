const { a, b: { c = 3, ...others }, ...rest } = { a: 1, b: { d: 4, e: 5 }, f: 6, g: 7 };
console.log(a, c, others, rest);
let [x, y = 10, [z]] = [1, undefined, [3]];
[x, y] = [y, x];
console.log(x, y, z, { ...{ p: 1 }, q: 2, ...null }, [...[1], ...new Set([1, 1, 2])], Math.min(...[3, 1, 2]));
const user = { profile: { name: null }, tags: undefined, say() { return "said"; } };
console.log(user?.profile?.name ?? "anonymous", user.missing?.deep.er, user.say?.(), user.nope?.(), user.tags?.[0]);
let n = null; n ??= 5; let m = 0; m ||= 7; let k = 1; k &&= 9;
console.log(n, m, k, 2 ** 10, 7 % -3, -7 % 3, 5 / 2 | 0, ~~-3.7, 1 / 0, typeof null, typeof [], void 0);
const key = "dyn"; console.log({ [key + 1]: 1, [`${key}2`]() { return 2; } }.dyn2(), [..."ab"].map((ch, i) => ch + i));
console.log("5" + 3, "5" - 3, [] + [], [] == false, null == undefined, null === undefined, "b" > "a", NaN !== NaN, 0.1 + 0.2);
label: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue label; if (i === 2) break label; console.log(i, j); } }
switch (3) { case 1: console.log("one"); case 3: console.log("three"); case 4: console.log("falls"); break; default: console.log("no"); }
let w = 0; do { w++; } while (w < 3); console.log(w, (1, 2), !!"", +true, +"0x1f", parseInt("12px"), parseFloat("3.5e2x"), Number(""), Number("1_0"));
