/**
 * When a program is over: after its main part, once nothing it started is pending; at once on exit or an uncaught error.
 * It counts, decides and reports; what is counted (timers, input, requests) is told to it.
 */
import { UNSETTLED_GRACE_MS } from "../../../limits.js";
import { notKept } from "../../../isolate/environment.js";
import type { Outbox } from "../../../isolate/outbox.js";
import { setImmediate, setTimeout, whenSettled } from "../../../isolate/primordials.js";
import { serialize } from "../../../isolate/result.js";
import { describe } from "./errors.js";

/** Thrown to unwind the program after process.exit(); nobody reports it. */
export class ExitSignal {
  #mark = true;

  /** Asked of anything a program throws, so not by instanceof, which a proxy answers with code of its own. */
  static is(thrown: unknown): boolean {
    return typeof thrown === "object" && thrown !== null && #mark in thrown;
  }
}

const EXIT_UNSETTLED = 13;
/** Turns of the event loop without anything held before a program counts as done: native callbacks may still be under way. */
const QUIET_TURNS = 8;

export interface ProcessHooks {
  exitCode(): number;
  emitBeforeExit(code: number): void;
  emitExit(code: number): void;
  /** True when the program handles it itself. */
  uncaught(error: unknown, origin: "uncaughtException" | "unhandledRejection", promise?: unknown): boolean;
}

export class Lifecycle {
  readonly #outbox: Outbox;
  readonly #artifacts: () => string;
  /** Asked when the program has completed: what of it is kept, as JSON text. */
  keep: (() => string | undefined) | null = null;
  hooks: ProcessHooks | null = null;
  #held = 0;
  #activity = 0;
  #settled = false;
  #value: unknown = undefined;
  #quieting = false;
  #exiting = false;
  readonly done: Promise<void>;
  #resolve!: () => void;

  constructor(outbox: Outbox, artifacts: () => string) {
    this.#outbox = outbox;
    this.#artifacts = artifacts;
    this.done = new Promise((resolve) => { this.#resolve = resolve; });
  }

  get ended(): boolean {
    return this.#outbox.ended;
  }

  hold(): void {
    this.#held += 1;
    this.#activity += 1;
  }

  release(): void {
    this.#held -= 1;
    this.#activity += 1;
    if (this.#held === 0 && this.#settled) this.#quiet(QUIET_TURNS);
  }

  /** A native promise that keeps the program alive until it settles. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.hold();
    const release = () => this.release();
    whenSettled(promise, release, release);
    return promise;
  }

  /** Runs something of the user's that nobody waits for. */
  guard(run: () => void): void {
    if (this.ended) return;
    try {
      run();
    } catch (error) {
      this.fail(error);
    }
  }

  async main(run: () => Promise<unknown>): Promise<void> {
    this.#watch();
    try {
      this.#value = await run();
    } catch (error) {
      this.fail(error);
      // A handler of the program's own took it: the program goes on as far as it still has something to do.
    }
    this.#settled = true;
    if (this.#held === 0) this.#quiet(QUIET_TURNS);
  }

  exit(code: number): never {
    this.#end(code, undefined);
    throw new ExitSignal();
  }

  fail(error: unknown, origin: "uncaughtException" | "unhandledRejection" = "uncaughtException", promise?: unknown): void {
    if (this.ended || ExitSignal.is(error)) return;
    try {
      if (this.hooks?.uncaught(error, origin, promise)) return;
    } catch (again) {
      error = again;
      if (this.ended) return;
    }
    this.#end(1, describe(error));
  }

  #quiet(turns: number): void {
    if (this.#quieting || this.ended) return;
    this.#quieting = true;
    const seen = this.#activity;
    const turn = (left: number) => {
      if (this.ended) return;
      if (this.#held > 0 || this.#activity !== seen) {
        this.#quieting = false;
        if (this.#held === 0) this.#quiet(QUIET_TURNS);
      } else if (left > 0) setImmediate(() => turn(left - 1));
      else {
        this.#quieting = false;
        this.guard(() => this.hooks?.emitBeforeExit(this.hooks.exitCode()));
        if (this.#held === 0 && this.#activity === seen) this.#end(this.hooks?.exitCode() ?? 0, undefined);
        else if (this.#held === 0) this.#quiet(QUIET_TURNS);
      }
    };
    setImmediate(() => turn(turns));
  }

  /** A main part that waits for something that can never come would hang for ever: like Node, end it with code 13. */
  #watch(): void {
    let seen = -1;
    const look = () => {
      if (this.ended || this.#settled) return;
      if (this.#held === 0 && this.#activity === seen) {
        this.#outbox.output("stderr", "Warning: Detected unsettled top-level await\n");
        this.#end(EXIT_UNSETTLED, undefined);
        return;
      }
      seen = this.#held === 0 ? this.#activity : -1;
      setTimeout(look, UNSETTLED_GRACE_MS);
    };
    setTimeout(look, UNSETTLED_GRACE_MS);
  }

  #end(code: number, error: string | undefined): void {
    if (this.ended || this.#exiting) return;
    this.#exiting = true;
    try {
      this.hooks?.emitExit(code);
      if (error === undefined) code = this.hooks?.exitCode() || code;
    } catch (again) {
      if (!ExitSignal.is(again)) {
        error = describe(again);
        code = 1;
      }
    }
    let result: string | undefined;
    if (error === undefined && this.#settled) {
      const { json, fault } = serialize(this.#value);
      result = json;
      if (fault !== undefined) this.#outbox.output("stderr", `${fault}; it was left out\n`);
    }
    let artifacts = "[]";
    try {
      artifacts = this.#artifacts();
    } catch {
      this.#outbox.output("stderr", "the changed files could not be collected\n");
    }
    let kept: string | undefined;
    try {
      if (error === undefined && (code & 0xff) === 0) kept = this.keep?.();
    } catch (fault) {
      this.#outbox.output("stderr", notKept(`${fault}`));
    }
    this.#outbox.finish(code & 0xff, result, error, artifacts, kept);
    this.#resolve();
  }
}
