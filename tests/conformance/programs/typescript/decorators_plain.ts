type Method = (this: any, ...args: any[]) => any;
const timed = (label: string) => (f: Method): Method => function (this: any, ...args) { console.log("call", label, args); return f.apply(this, args); };
class Service { private base = 10; add(n: number): number { return this.base + n; } }
Service.prototype.add = timed("add")(Service.prototype.add);
console.log(new Service().add(5));
