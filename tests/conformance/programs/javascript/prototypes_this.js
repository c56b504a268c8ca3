function Person(name) { this.name = name; }
Person.prototype.greet = function () { return "Hi " + this.name; };
const p = new Person("Ada");
const free = p.greet;
console.log(p.greet(), free.call({ name: "call" }), free.apply({ name: "apply" }, []), free.bind({ name: "bind" })());
const o = { n: 1, arrow: () => typeof this, method() { return [1].map(() => this.n)[0]; } };
console.log(o.arrow(), o.method(), Object.getPrototypeOf(p) === Person.prototype, p.constructor.name);
const child = Object.create(o, { extra: { value: 5, enumerable: false } });
console.log(child.n, child.extra, Object.keys(child), "n" in child, Object.hasOwn(child, "n"));
Object.defineProperty(o, "locked", { value: 1, writable: false });
o.locked = 2;
console.log(o.locked, Object.isFrozen(Object.freeze([1])), (function () { return typeof this; })());
console.log((function () { "use strict"; return this; })(), [10, 1, 3].sort(), hoisted(), typeof notYet);
function hoisted() { return "hoisted"; }
var notYet = 1;
try { tdz; let tdz = 1; } catch (e) { console.log(e.name + ": " + e.message); }
try { const c = 1; c = 2; } catch (e) { console.log(e.message); }
try { undeclared; } catch (e) { console.log(e.message); }
