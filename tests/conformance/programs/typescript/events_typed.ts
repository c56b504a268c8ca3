import { EventEmitter } from "node:events";
type Events = { login: (user: string, at: number) => void; logout: (user: string) => void };
class Bus<E extends Record<string, (...args: any[]) => void>> {
  private readonly inner = new EventEmitter();
  on<K extends keyof E & string>(name: K, listener: E[K]): () => void { this.inner.on(name, listener); return () => this.inner.off(name, listener); }
  emit<K extends keyof E & string>(name: K, ...args: Parameters<E[K]>): boolean { return this.inner.emit(name, ...args); }
}
const bus = new Bus<Events>();
const off = bus.on("login", (user, at) => console.log("login", user, at));
bus.emit("login", "ada", 1); off();
console.log(bus.emit("login", "bob", 2), bus.emit("logout", "x"));
