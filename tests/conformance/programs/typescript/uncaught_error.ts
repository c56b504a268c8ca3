interface Order { id: number; lines: { price: number }[] }

function total(order: Order): number {
  return order.lines.reduce((sum, line) => sum + line.price, 0);
}
type Unused = { a: string;
  b: number };
const broken = { id: 1 } as unknown as Order;
console.log("before");
console.log(total(broken));
