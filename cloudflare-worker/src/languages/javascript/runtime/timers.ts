/** Node's timers over the runtime's: each pending one keeps the program alive, and what a callback throws is an uncaught error. */
import { clearTimeout, setImmediate as nativeImmediate, setTimeout as nativeTimeout } from "../../../isolate/primordials.js";
import type { Lifecycle } from "./lifecycle.js";

const DELAY_MS_MAX = 2 ** 31 - 1;
const PROMISIFY = Symbol.for("nodejs.util.promisify.custom");

type Callback = (...args: unknown[]) => void;

function delayOf(delay: unknown): number {
  const number = Number(delay);
  return number >= 1 && number <= DELAY_MS_MAX ? Math.trunc(number) : 1;
}

function callable(callback: unknown): Callback {
  if (typeof callback === "function") return callback as Callback;
  throw Object.assign(new TypeError(`The "callback" argument must be of type function. Received ${callback === null ? "null" : typeof callback}`), { code: "ERR_INVALID_ARG_TYPE" });
}

export function createTimers(life: Lifecycle) {
  const active = new Map<number, Timeout>();
  const { get, set, delete: remove } = { get: active.get.bind(active), set: active.set.bind(active), delete: active.delete.bind(active) };
  let lastId = 0;

  class Timeout {
    readonly #id = ++lastId;
    readonly #callback: Callback;
    readonly #args: unknown[];
    readonly #delay: number;
    readonly #repeats: boolean;
    #native: unknown;
    #refed = true;
    #live = false;

    constructor(callback: Callback, delay: number, args: unknown[], repeats: boolean) {
      this.#callback = callback;
      this.#delay = delay;
      this.#args = args;
      this.#repeats = repeats;
      this.#start();
    }
    #start(): void {
      if (!this.#live) {
        this.#live = true;
        set(this.#id, this);
        if (this.#refed) life.hold();
      }
      this.#native = nativeTimeout(() => this.#fire(), this.#delay);
    }
    #fire(): void {
      if (!this.#live || life.ended) return;
      const run = () => { this.#callback(...this.#args); };
      if (!this.#repeats) {
        // Released only after the callback: it may start what comes next.
        this.#live = false;
        remove(this.#id);
        life.guard(run);
        if (this.#refed) life.release();
        return;
      }
      life.guard(run);
      if (this.#live && !life.ended) this.#native = nativeTimeout(() => this.#fire(), this.#delay);
    }
    ref(): this {
      if (!this.#refed && this.#live) life.hold();
      this.#refed = true;
      return this;
    }
    unref(): this {
      if (this.#refed && this.#live) life.release();
      this.#refed = false;
      return this;
    }
    hasRef(): boolean {
      return this.#refed;
    }
    refresh(): this {
      clearTimeout(this.#native as number);
      this.#start();
      return this;
    }
    close(): this {
      if (!this.#live) return this;
      this.#live = false;
      remove(this.#id);
      clearTimeout(this.#native as number);
      if (this.#refed) life.release();
      return this;
    }
    [Symbol.toPrimitive](): number {
      return this.#id;
    }
    [Symbol.dispose](): void {
      this.close();
    }
  }

  class Immediate {
    #live = true;
    constructor(callback: Callback, args: unknown[]) {
      life.hold();
      nativeImmediate(() => {
        if (!this.#live || life.ended) return;
        this.#live = false;
        life.guard(() => { callback(...args); });
        life.release();
      });
    }
    close(): void {
      if (!this.#live) return;
      this.#live = false;
      life.release();
    }
    ref(): this { return this; }
    unref(): this { return this; }
    hasRef(): boolean { return this.#live; }
    [Symbol.dispose](): void { this.close(); }
  }

  const setTimeout = (callback: unknown, delay?: unknown, ...args: unknown[]) => new Timeout(callable(callback), delayOf(delay), args, false);
  const setInterval = (callback: unknown, delay?: unknown, ...args: unknown[]) => new Timeout(callable(callback), delayOf(delay), args, true);
  const setImmediate = (callback: unknown, ...args: unknown[]) => new Immediate(callable(callback), args);
  const clear = (timer: unknown): void => {
    if (timer instanceof Timeout || timer instanceof Immediate) timer.close();
    else if (typeof timer === "number" || typeof timer === "string") get(Number(timer))?.close();
  };

  const aborted = (signal: AbortSignal) => Object.assign(new Error("The operation was aborted", { cause: signal.reason }), { name: "AbortError", code: "ABORT_ERR" });
  type Options = { signal?: AbortSignal; ref?: boolean } | undefined;
  const promised = (start: (done: () => void) => { close(): void; unref(): unknown }, value: unknown, options: Options): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted) { reject(aborted(signal)); return; }
      const timer = start(() => resolve(value));
      if (options?.ref === false) timer.unref();
      signal?.addEventListener("abort", () => { timer.close(); reject(aborted(signal)); }, { once: true });
    });
  const promises = {
    setTimeout: (delay?: unknown, value?: unknown, options?: Options) => promised((done) => new Timeout(done, delayOf(delay), [], false), value, options),
    setImmediate: (value?: unknown, options?: Options) => promised((done) => new Immediate(done, []), value, options),
    async *setInterval(delay?: unknown, value?: unknown, options?: Options) {
      for (;;) {
        await promises.setTimeout(delay, undefined, options);
        yield value;
      }
    },
    scheduler: { wait: (delay?: unknown, options?: Options) => promises.setTimeout(delay, undefined, options), yield: () => promises.setImmediate() },
  };
  Object.defineProperty(setTimeout, PROMISIFY, { enumerable: true, value: promises.setTimeout });
  Object.defineProperty(setImmediate, PROMISIFY, { enumerable: true, value: promises.setImmediate });
  return { setTimeout, setInterval, setImmediate, clearTimeout: clear, clearInterval: clear, clearImmediate: clear, promises };
}

export type Timers = ReturnType<typeof createTimers>;
