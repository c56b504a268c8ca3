export interface Item { readonly name: string; count: number; price: number }
export class NotEnough extends Error {
  override name = "NotEnough";
  constructor(readonly item: string, readonly left: number) { super(`${item}: only ${left} left`); }
}
