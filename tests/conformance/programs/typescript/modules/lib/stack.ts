export interface Item { id: number }
export class Stack<T extends Item> {
  readonly #items: T[] = [];
  push(item: T): void { this.#items.push(item); }
  get size(): number { return this.#items.length; }
}
