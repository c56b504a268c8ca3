abstract class Animal {
  protected static made = 0;
  private _energy: number = 10;
  declare ghost: string;
  constructor(public readonly name: string, protected sound: string = "...") { Animal.made++; }
  abstract move(): string;
  speak(): string { return `${this.name}: ${this.sound}`; }
  get energy(): number { return this._energy; }
  set energy(value: number) { if (value < 0) throw new RangeError("no energy"); this._energy = value; }
  static count(): number { return Animal.made; }
}
class Dog extends Animal {
  #tricks: string[] = [];
  constructor(name: string) { super(name, "woof"); }
  override move(): string { return `${this.name} runs`; }
  learn(trick: string): this { this.#tricks.push(trick); return this; }
  get tricks(): ReadonlyArray<string> { return this.#tricks; }
}
const d = new Dog("Rex").learn("sit").learn("roll");
console.log(d.speak(), d.move(), d.tricks, Animal.count(), d.energy, "ghost" in d);
try { d.energy = -1; } catch (error) { console.log((error as Error).name, (error as RangeError).message); }
console.log(d instanceof Animal, d);
