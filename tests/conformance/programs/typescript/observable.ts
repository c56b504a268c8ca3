type Listener<T> = (value: T, before: T | undefined) => void;
class Observable<T> {
  #listeners = new Set<Listener<T>>();
  #value?: T;
  subscribe(listener: Listener<T>): () => void { this.#listeners.add(listener); return () => void this.#listeners.delete(listener); }
  set value(next: T) { const before = this.#value; this.#value = next; for (const l of this.#listeners) l(next, before); }
  get value(): T | undefined { return this.#value; }
  map<U>(f: (value: T) => U): Observable<U> { const out = new Observable<U>(); this.subscribe((v) => { out.value = f(v); }); return out; }
}
const temperature = new Observable<number>();
const stop = temperature.subscribe((now, before) => console.log(before, "->", now));
temperature.map((c) => `${c * 1.8 + 32} F`).subscribe((text) => console.log(text));
temperature.value = 20; temperature.value = 25; stop(); temperature.value = 30;
