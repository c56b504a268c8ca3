class LruCache<K, V> {
  readonly #map = new Map<K, V>();
  constructor(readonly capacity: number, private readonly onEvict?: (key: K, value: V) => void) {}
  get(key: K): V | undefined { const v = this.#map.get(key); if (v !== undefined) { this.#map.delete(key); this.#map.set(key, v); } return v; }
  set(key: K, value: V): this { this.#map.delete(key); this.#map.set(key, value); if (this.#map.size > this.capacity) { const [old, v] = this.#map.entries().next().value as [K, V]; this.#map.delete(old); this.onEvict?.(old, v); } return this; }
  get keys(): K[] { return [...this.#map.keys()]; }
}
const cache = new LruCache<string, number>(2, (k, v) => console.log("evict", k, v));
cache.set("a", 1).set("b", 2); cache.get("a"); cache.set("c", 3);
console.log(cache.keys, cache.get("b"));
