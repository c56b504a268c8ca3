const text = "2024-01-31 and 2023-12-25; mail ada@example.org";
const re = /(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)/g;
console.log([...text.matchAll(re)].map((m) => ({ ...m.groups, at: m.index })), text.match(re), re.exec(text).groups.y, re.lastIndex);
console.log(text.replace(re, "$<d>/$<m>/$<y>"), /(?<=@)\w+/.exec(text)[0], /\bA\w+/i.test(text), "aBc".replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), "a1b22".split(/\d+/), "x".match(/y/));
console.log(/^\p{Lu}\p{L}+$/u.test("Ärger"), "foo\nbar".match(/^bar$/m)[0], /a.c/s.test("a\nc"), /(a)|(b)/.exec("b"), "aaa".lastIndexOf("a"), /\u{1F600}/u.test("😀"), /[\w--\d]/v.test("1"));
const sticky = /foo/y; sticky.lastIndex = 3; console.log(sticky.test("barfoo"), sticky.lastIndex, new RegExp("a+", "gi").flags, /x/.source, String(/a\/b/), "a.b*c".replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
try { new RegExp("("); } catch (e) { console.log(e.name, e.message); }
console.log("The Cat".replace(/(?<first>\w)(\w*)/g, (...a) => a.at(-1).first.toLowerCase() + a[2].toUpperCase()), /(\d+)\s\1/.test("42 42"), "tel: 555".match(/(?:tel): (\d+)/d).indices[1], "aaa".replace(/a{2}?/, "b"));
