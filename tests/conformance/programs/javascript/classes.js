class Animal {
  static count = 0;
  #secret = "hidden";
  name;
  constructor(name) { this.name = name; Animal.count += 1; }
  speak() { return `${this.name} makes a sound`; }
  get secret() { return this.#secret; }
  set secret(value) { this.#secret = value.toUpperCase(); }
  static create(...args) { return new this(...args); }
  #hidden() { return "private " + this.name; }
  reveal() { return this.#hidden(); }
  static #registry = new Map();
  static { Animal.#registry.set("root", Animal); }
  static lookup(key) { return Animal.#registry.get(key)?.name; }
  toString() { return `Animal(${this.name})`; }
  has(o) { return #secret in o; }
}
class Dog extends Animal {
  speak() { return super.speak() + ": woof"; }
  get [Symbol.toStringTag]() { return "Dog"; }
}
const d = Dog.create("Rex");
console.log(d.speak(), d instanceof Animal, Animal.count, d.secret);
d.secret = "new";
console.log(d.secret, d.reveal(), `${d}`, Object.prototype.toString.call(d), Animal.lookup("root"), d.has(d), d.has({}));
console.log(d);
const mixin = (Base) => class extends Base { fly() { return `${this.name} flies`; } };
class Bird extends mixin(Animal) {}
console.log(new Bird("Tweety").fly(), Object.getOwnPropertyNames(Dog.prototype), Bird.name, typeof Animal);
try { Animal(); } catch (e) { console.log(e.name, e.message); }
try { new Dog("x").undefinedMethod(); } catch (e) { console.log(e.message); }
try { null.x; } catch (e) { console.log(e.message); }
class Temp { static #c = 0; static next() { return ++Temp.#c; } }
console.log(Temp.next(), Temp.next());
