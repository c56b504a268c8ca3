const s = "  Hello, Wörld  ";
console.log(s.trim(), s.trimStart().length, s.trim().toUpperCase(), s.trim().split(", "), s.includes("Wö"), s.indexOf("l"), s.lastIndexOf("l"));
console.log("abc".at(-1), "abc".charAt(1), "abc".charCodeAt(0), "abcdef".slice(1, -2), "abcdef".substring(4, 1), "ab".repeat(3), "5".padStart(3, "0"), "x".padEnd(3, "-") + "|");
console.log("a-b-c".replace("-", "+"), "a-b-c".replaceAll("-", "+"), "aXbX".replace(/x/gi, (m, o) => o), "John Smith".replace(/(\w+) (\w+)/, "$2, $1"));
console.log("👍".length, [..."👍"].length, "👍".codePointAt(0).toString(16), String.fromCodePoint(0x1f600), "é".normalize("NFD").length, "ß".toUpperCase(), "İ".toLowerCase().length);
console.log("a,b,,c".split(","), "abc".split(""), "one  two".split(/\s+/), "2024-01-31".match(/(\d+)-(\d+)/).slice(1), "abc".localeCompare("abd"), "a" < "B");
const tag = (parts, ...values) => parts.raw.map((p, i) => p + (values[i] ?? "")).join("|");
console.log(tag`x${1}\n${2}y`, `multi
line`, "tab\tquote\"", 'single\'', "\u{1F600}\x41", String.raw`\n${1}`, "abc".startsWith("b", 1), "z".concat(1, null));
console.log(encodeURIComponent("a b&ü/?"), decodeURIComponent("%C3%BC"), encodeURI("http://x/ü?a=b c"), escape("ü"), btoa("hi"), atob("aGk="), "abc".search(/c/), "x".codePointAt(5));
console.log((255).toString(16), (0.5).toString(2), (1234.5678).toFixed(2), (0.000001234).toString(), (1e21).toString(), (123.456).toPrecision(4), (12345.678).toExponential(2), Number("0b101"), (25).toString(36));
console.log("a\0b".length, JSON.stringify("a\u2028b\"\\\n"), "%", [..."z\u0301a"].length, "Ångström".normalize("NFD").replace(/\p{M}/gu, ""), "ABC".toLowerCase() === "abc", "\ud800".isWellFormed());
