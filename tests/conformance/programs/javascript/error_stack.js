function a() { b(); }
function b() { throw new Error("deep"); }
try { a(); } catch (e) {
  const lines = e.stack.split("\n");
  console.log(lines[0], lines.slice(1, 4).map((l) => l.trim().split(" ")[1]).slice(0, 2));
  console.log(lines.slice(1, 3).map((l) => l.match(/error_stack\.js:(\d+):(\d+)/).slice(1)));
}
const err = new AggregateError([new Error("x"), new TypeError("y")], "both");
console.log(err.name, err.message, err.errors.length, Error.prototype.toString.call({ name: "N", message: "m" }));
console.log(new Error("m", { cause: "c" }).cause, Object.prototype.toString.call(new TypeError()), new RangeError("r") instanceof Error, `${new SyntaxError("s")}`);
function recurse(n) { return recurse(n + 1); }
try { recurse(0); } catch (e) { console.log(e.name, e.message); }
try { decodeURIComponent("%"); } catch (e) { console.log(e.name, e.message); }
try { ({}).x.y; } catch (e) { console.log(e.message); }
try { undefined(); } catch (e) { console.log(e.message); }
try { let o = {}; o.f(); } catch (e) { console.log(e.message); }
try { const [x] = null; } catch (e) { console.log(e.message); }
try { for (const x of 5); } catch (e) { console.log(e.message); }
try { new (class { constructor() { this.#p; } #p = 1; static t(o) { return o.#p; } }).constructor.t({}); } catch (e) { console.log(e.name, e.message); }
try { Symbol() + ""; } catch (e) { console.log(e.message); }
try { "x" in "y"; } catch (e) { console.log(e.message); }
