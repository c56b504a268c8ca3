interface Shape { readonly kind: string; area(): number; label?: string }
interface Named extends Shape { name: string }
class Circle implements Named {
  readonly kind = "circle";
  constructor(public name: string, private radius: number) {}
  area(): number { return Math.round(Math.PI * this.radius ** 2 * 100) / 100; }
}
const square: Shape = { kind: "square", area: () => 4 };
const shapes: Shape[] = [new Circle("c", 2), square];
for (const shape of shapes) console.log(shape.kind, shape.area(), shape.label ?? "-");
console.log(new Circle("d", 1).name, Object.keys(new Circle("e", 3)));
type Point = { x: number; y: number };
const p: Point = { x: 1, y: 2 };
const { x, y }: Point = p;
console.log(x + y, JSON.stringify(p satisfies Point));
