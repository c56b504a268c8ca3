class Node<T> { constructor(public value: T, public next: Node<T> | null = null) {} }
class LinkedList<T> implements Iterable<T> {
  private head: Node<T> | null = null;
  private length = 0;
  static from<U>(values: Iterable<U>): LinkedList<U> { const list = new LinkedList<U>(); for (const v of values) list.add(v); return list; }
  add(value: T): void { const node = new Node(value); if (!this.head) this.head = node; else { let at = this.head; while (at.next) at = at.next; at.next = node; } this.length++; }
  reverse(): this { let before: Node<T> | null = null; let at = this.head; while (at) { const next: Node<T> | null = at.next; at.next = before; before = at; at = next; } this.head = before; return this; }
  *[Symbol.iterator](): Iterator<T> { for (let at = this.head; at; at = at.next) yield at.value; }
  get size(): number { return this.length; }
}
const list = LinkedList.from("abc");
console.log([...list], list.size, [...list.reverse()].join("->"));
