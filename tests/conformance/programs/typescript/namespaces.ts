namespace Geometry {
  export const PI = 3;
  export function circle(r: number): number { return PI * r * r; }
  export namespace Deep { export const value = "deep"; }
}
console.log(Geometry.circle(2), Geometry.Deep.value);
