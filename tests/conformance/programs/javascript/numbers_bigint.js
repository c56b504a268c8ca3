console.log(0.1 + 0.2, 1e21 + 1, 2 ** 53, 2 ** 53 + 1, Number.MAX_SAFE_INTEGER, Number.EPSILON > 0, Number.MIN_VALUE, -1 >>> 0, 1 << 31, 5 >> 1, ~5);
console.log(2n ** 200n, -7n / 2n, -7n % 3n, 10n > 9, 1n == 1, 1n === 1, typeof 1n, BigInt("0xff"), BigInt(2 ** 60), BigInt.asUintN(8, 257n), BigInt.asIntN(8, 255n));
try { 1n + 1; } catch (e) { console.log(e.message); }
try { BigInt(1.5); } catch (e) { console.log(e.name, e.message); }
try { (1).toFixed(101); } catch (e) { console.log(e.name, e.message); }
try { "x".repeat(-1); } catch (e) { console.log(e.message); }
try { new Array(-1); } catch (e) { console.log(e.message); }
let f = 1n; for (let i = 1n; i <= 30n; i++) f *= i; console.log(f, f.toString(36), f.toLocaleString("en-US"));
console.log(Math.round(2.5), Math.round(-2.5), Math.trunc(-4.7), Math.sign(-3), Math.hypot(3, 4), Math.cbrt(27), Math.log2(8), Math.fround(5.5), Math.clz32(1), Math.imul(3, 4), Math.max(), Math.min());
console.log(Number.isInteger(5.0), isNaN("x"), Number.isNaN("x"), parseInt("101", 2), parseInt("z", 36), Number(null), Number(undefined), Number([5]), Number("12abc"), +[], +{}, 0 === -0, Object.is(0, -0));
console.log(1_000_000, 0xff, 0o17, 0b11, .5, 5., 1e3, 017 === 15, (12.5).toString(), (1000000000000000128).toString(), 123456789.123456789, 1 / 3, 100 / 3, 5e-324);
