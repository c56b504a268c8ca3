const swap = (a, i, j) => ([a[i], a[j]] = [a[j], a[i]]);
function bubble(a) { a = [...a]; for (let i = a.length; i--; ) for (let j = 0; j < i; j++) if (a[j] > a[j + 1]) swap(a, j, j + 1); return a; }
function quick(a) { if (a.length < 2) return a; const [p, ...r] = a; return [...quick(r.filter((x) => x < p)), p, ...quick(r.filter((x) => x >= p))]; }
function merge(a) { if (a.length < 2) return a; const m = a.length >> 1; const [l, r] = [merge(a.slice(0, m)), merge(a.slice(m))]; const o = []; while (l.length && r.length) o.push(l[0] <= r[0] ? l.shift() : r.shift()); return [...o, ...l, ...r]; }
function binary(a, x) { let lo = 0, hi = a.length - 1; while (lo <= hi) { const mid = (lo + hi) >>> 1; if (a[mid] === x) return mid; if (a[mid] < x) lo = mid + 1; else hi = mid - 1; } return -1; }
const data = [9, -3, 5, 0, 5, 2, 11];
console.log(bubble(data), quick(data), merge(data), binary(merge(data), 5), data);
const sieve = (n) => { const s = new Uint8Array(n + 1); const out = []; for (let i = 2; i <= n; i++) { if (!s[i]) { out.push(i); for (let j = i * i; j <= n; j += i) s[j] = 1; } } return out; };
console.log(sieve(50), sieve(100000).length);
const hanoi = (n, a = "A", b = "B", c = "C") => (n ? [...hanoi(n - 1, a, c, b), a + c, ...hanoi(n - 1, b, a, c)] : []);
const perms = (xs) => (xs.length ? xs.flatMap((x, i) => perms(xs.toSpliced(i, 1)).map((p) => [x, ...p])) : [[]]);
console.log(hanoi(3).join(" "), perms([1, 2, 3]).map((p) => p.join("")).join());
const gcd = (a, b) => (b ? gcd(b, a % b) : a); const isPal = (s) => ((t) => t === [...t].reverse().join(""))(s.toLowerCase().replace(/[^a-z]/g, ""));
console.log(gcd(84, 36), isPal("A man, a plan, a canal: Panama"), Array.from({ length: 15 }, (_, i) => (++i % 15 ? (i % 5 ? (i % 3 ? i : "Fizz") : "Buzz") : "FizzBuzz")).join(" "));
