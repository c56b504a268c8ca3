abstract class Base {
  abstract name(): string;
  hello(): string { return `hello ${this.name()}`; }
}
class Fine extends Base { name() { return "fine"; } }
class Forgot extends (Base as any) {}
console.log(new Fine().hello());
const late: Base = new Forgot() as Base;

console.log(late.hello());
