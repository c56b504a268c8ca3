/**
 * An event loop of our own for code that is written with promises and timers: it can be run to the end of one promise while its caller waits,
 * which the runtime's loop cannot. What is under way and not waited for goes on in turns of the runtime's.
 */
type Settle = (value: unknown) => void;
type Job = () => void;

const JOBS_PER_TURN = 2000;
/** Jobs done that the queue still holds. */
const JOBS_BEHIND_MAX = 1000;
/** Timers are looked at between so many jobs, or endless work would never see its own end. */
const JOBS_PER_LOOK = 250;
/** Readings of a clock that does not move before it counts as standing still, as it does on Cloudflare while a program computes. */
const STILL_READINGS_MAX = 100_000_000;

/** A promise whose callbacks are this loop's jobs. */
export class LoopPromise<T> implements PromiseLike<T> {
  #state: "pending" | "fulfilled" | "rejected" = "pending";
  #value: unknown;
  #waiting: Job[] = [];
  static loop: Loop;

  constructor(start: (resolve: (value: T | PromiseLike<T>) => void, reject: (error: unknown) => void) => void) {
    let told = false;
    const resolve = (value: unknown): void => {
      if (told) return;
      told = true;
      this.#follow(value);
    };
    const reject = (error: unknown): void => {
      if (told) return;
      told = true;
      this.#settle("rejected", error);
    };
    try {
      start(resolve as never, reject);
    } catch (error) {
      reject(error);
    }
  }

  get state(): "pending" | "fulfilled" | "rejected" { return this.#state; }
  get value(): unknown { return this.#value; }

  #follow(value: unknown): void {
    let then: unknown;
    try {
      then = typeof value === "object" || typeof value === "function" ? (value as { then?: unknown } | null)?.then : undefined;
    } catch (error) {
      this.#settle("rejected", error);
      return;
    }
    if (typeof then !== "function") { this.#settle("fulfilled", value); return; }
    const follow = then as (this: unknown, done: Settle, failed: Settle) => void;
    let told = false;
    const once = (settle: Settle): Settle => (outcome) => { if (!told) { told = true; settle(outcome); } };
    LoopPromise.loop.job(() => {
      const failed = once((error) => this.#settle("rejected", error));
      try {
        follow.call(value, once((outcome) => this.#follow(outcome)), failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  #settle(state: "fulfilled" | "rejected", value: unknown): void {
    this.#state = state;
    this.#value = value;
    for (const job of this.#waiting.splice(0)) LoopPromise.loop.job(job);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise, of a loop that can be run to its end
  then<A = T, B = never>(done?: ((value: T) => A | PromiseLike<A>) | null, failed?: ((error: unknown) => B | PromiseLike<B>) | null): LoopPromise<A | B> {
    return new LoopPromise<A | B>((resolve, reject) => {
      const job = (): void => {
        const handler = (this.#state === "fulfilled" ? done : failed) as ((value: unknown) => A) | null | undefined;
        try {
          if (typeof handler === "function") resolve(handler(this.#value));
          else if (this.#state === "fulfilled") resolve(this.#value as A);
          else reject(this.#value);
        } catch (error) {
          reject(error);
        }
      };
      if (this.#state === "pending") this.#waiting.push(job);
      else LoopPromise.loop.job(job);
    });
  }
  catch<B>(failed: (error: unknown) => B | PromiseLike<B>): LoopPromise<T | B> { return this.then(null, failed); }
  finally(after: () => unknown): LoopPromise<T> {
    const then = <R>(outcome: () => R): LoopPromise<R> => LoopPromise.resolve(after()).then(outcome);
    return this.then((value) => then(() => value), (error) => then(() => { throw error; }));
  }

  static resolve<T>(value?: T | PromiseLike<T>): LoopPromise<T> { return value instanceof LoopPromise ? value : new LoopPromise((resolve) => resolve(value as T)); }
  static reject(error: unknown): LoopPromise<never> { return new LoopPromise((_, reject) => reject(error)); }
  static withResolvers<T>() {
    let resolve!: (value: T | PromiseLike<T>) => void;
    let reject!: (error: unknown) => void;
    const promise = new LoopPromise<T>((one, other) => { resolve = one; reject = other; });
    return { promise, resolve, reject };
  }
  static race<T>(all: Iterable<T | PromiseLike<T>>): LoopPromise<T> {
    return new LoopPromise((resolve, reject) => { for (const one of all) LoopPromise.resolve(one).then(resolve, reject); });
  }
  static all<T>(all: Iterable<T | PromiseLike<T>>): LoopPromise<T[]> {
    return new LoopPromise((resolve, reject) => {
      const values: T[] = [];
      let missing = 1;
      const one = (): void => { missing -= 1; if (missing === 0) resolve(values); };
      [...all].forEach((item, at) => { missing += 1; LoopPromise.resolve(item).then((value) => { values[at] = value; one(); }, reject); });
      one();
    });
  }
  static allSettled(all: Iterable<unknown>): LoopPromise<unknown[]> {
    return LoopPromise.all([...all].map((one) => LoopPromise.resolve(one).then((value) => ({ status: "fulfilled", value }), (reason) => ({ status: "rejected", reason }))));
  }
}

interface Timer {
  id: number;
  due: number;
  every: number | null;
  callback: Job;
}

/** What the runtime's loop lends. */
export interface Turns {
  soon(job: Job): void;
  later(job: Job, ms: number): unknown;
  cancel(timer: unknown): void;
  now(): number;
}

export class Loop {
  readonly #turns: Turns;
  #jobs: Job[] = [];
  #timers: Timer[] = [];
  #head = 0;
  #steps = 0;
  #lastId = 0;
  #skew = 0;
  #waiting = 0;
  #planned = false;
  #alarm: unknown = null;

  constructor(turns: Turns) {
    this.#turns = turns;
    LoopPromise.loop = this;
  }

  now(): number { return this.#turns.now() + this.#skew; }

  job(job: Job): void {
    this.#jobs.push(job);
    this.#plan();
  }

  /** The timer functions of the code that runs here. */
  readonly timers = {
    setTimeout: (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => this.#timer(() => callback(...args), ms, null),
    setInterval: (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => this.#timer(() => callback(...args), ms, Math.max(1, Number(ms) || 1)),
    setImmediate: (callback: (...args: unknown[]) => void, ...args: unknown[]) => this.#timer(() => callback(...args), 0, null),
    clearTimeout: (id: unknown) => { this.#timers = this.#timers.filter((timer) => timer.id !== id); },
  };

  #timer(callback: Job, ms: number | undefined, every: number | null): number {
    this.#lastId += 1;
    this.#timers.push({ id: this.#lastId, due: this.now() + Math.max(0, Number(ms) || 0), every, callback });
    this.#plan();
    return this.#lastId;
  }

  /** Runs until the promise is settled and answers its value; throws what it was rejected with, or when it waits for what can only come later. */
  wait<T>(promise: LoopPromise<T>): T {
    this.#waiting += 1;
    try {
      while (promise.state === "pending") {
        if (this.#step()) continue;
        const next = this.#next();
        if (next === null) throw new Error("it waits for something that can only come while the program goes on");
        this.#idle(next.due);
      }
    } finally {
      this.#waiting -= 1;
      this.#plan();
    }
    if (promise.state === "rejected") throw promise.value;
    return promise.value as T;
  }

  /** One job, or the timers that are due. */
  #step(): boolean {
    this.#steps += 1;
    return (this.#steps % JOBS_PER_LOOK === 0 && this.#fire()) || this.#job() || this.#fire();
  }

  #job(): boolean {
    const job = this.#jobs[this.#head];
    if (job === undefined) return false;
    this.#head += 1;
    // Not shift(): the queue may be long.
    if (this.#head === JOBS_BEHIND_MAX || this.#head === this.#jobs.length) { this.#jobs = this.#jobs.slice(this.#head); this.#head = 0; }
    job();
    return true;
  }

  #fire(): boolean {
    const next = this.#next();
    if (next === null || next.due > this.now()) return false;
    if (next.every === null) this.timers.clearTimeout(next.id);
    else next.due = this.now() + next.every;
    next.callback();
    return true;
  }

  #next(): Timer | null {
    return this.#timers.reduce<Timer | null>((first, timer) => (first === null || timer.due < first.due ? timer : first), null);
  }

  #idle(due: number): void {
    const began = this.now();
    for (let readings = 0; this.now() < due; readings += 1) {
      if (readings === STILL_READINGS_MAX && this.now() === began) { this.#skew += due - began; return; }
    }
  }

  /** Goes on in the runtime's loop, unless somebody waits right now and drives it anyway. */
  #plan(): void {
    if (this.#planned || this.#waiting > 0) return;
    if (this.#jobs.length > 0) {
      this.#planned = true;
      this.#turns.soon(() => this.#turn());
      return;
    }
    const next = this.#next();
    if (this.#alarm !== null) this.#turns.cancel(this.#alarm);
    this.#alarm = next === null ? null : this.#turns.later(() => { this.#alarm = null; this.#turn(); }, Math.max(0, next.due - this.now()));
  }

  #turn(): void {
    this.#planned = true;
    for (let left = JOBS_PER_TURN; left > 0 && this.#step(); left -= 1);
    this.#planned = false;
    this.#plan();
  }
}
