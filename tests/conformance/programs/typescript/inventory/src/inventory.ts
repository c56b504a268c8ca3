import { NotEnough, type Item } from "./model.ts";
export class Inventory {
  private constructor(private readonly items: Map<string, Item>) {}
  static parse(csv: string): Inventory {
    const rows = csv.trim().split(/\r?\n/).slice(1).map((line) => line.split(","));
    return new Inventory(new Map(rows.map(([name = "", count, price]) => [name, { name, count: Number(count), price: Number(price) }])));
  }
  remove(name: string, count: number): void {
    const item = this.items.get(name);
    if (!item || item.count < count) throw new NotEnough(name, item?.count ?? 0);
    item.count -= count;
  }
  get value(): number { return [...this.items.values()].reduce((sum, i) => sum + i.count * i.price, 0); }
  report(): string { return [...this.items.values()].map((i) => `${i.name.padEnd(6)}${String(i.count).padStart(4)}`).join("\n"); }
}
