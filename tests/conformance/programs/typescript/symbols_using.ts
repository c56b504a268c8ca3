class Resource implements Disposable { constructor(private readonly name: string) { console.log("open", name); } [Symbol.dispose](): void { console.log("close", this.name); } }
function work(): string { using a = new Resource("a"); using b = new Resource("b"); return "worked"; }
console.log(work());
const meta: unique symbol = Symbol("meta") as any;
const tagged: { [meta]?: string; x: number } = { x: 1, [meta]: "hidden" };
console.log(tagged[meta], Object.keys(tagged), JSON.stringify(tagged));
