type Money = number & { readonly __brand: "cents" };
const cents = (n: number): Money => { if (!Number.isInteger(n)) throw new TypeError(`${n} is not a whole number of cents`); return n as Money; };
class Account {
  private balance: Money = cents(0);
  constructor(readonly owner: string) {}
  deposit(amount: Money): void { this.balance = cents(this.balance + amount); }
  withdraw(amount: Money): void { if (amount > this.balance) throw new RangeError(`${this.owner} has only ${this.balance}`); this.balance = cents(this.balance - amount); }
  get shown(): string { return (this.balance / 100).toFixed(2); }
}
const a = new Account("Ada");
a.deposit(cents(1050));
a.withdraw(cents(25));
console.log(a.shown);
for (const f of [() => cents(0.5), () => a.withdraw(cents(99999))]) { try { f(); } catch (e) { console.log((e as Error).name, (e as Error).message); } }
