/** The `process` a program sees: Node's face over this isolate, with nothing behind it that reaches further. */
import type { Outbox } from "../../../isolate/outbox.js";
import type { Stream } from "../../../wire.js";
import { SESSION_ROOT } from "../resolve.js";
import type { Lifecycle, ProcessHooks } from "./lifecycle.js";
import { type Builtin, native } from "./native.js";
import type { Stdin } from "./stdin.js";

const NODE_VERSION = "v22.23.4";

function textOfChunk(chunk: unknown, encoding: unknown): string {
  if (typeof chunk === "string") {
    return typeof encoding === "string" && !/^utf-?8$/i.test(encoding) ? Buffer.from(chunk, encoding as never).toString() : chunk;
  }
  if (ArrayBuffer.isView(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString();
  throw Object.assign(new TypeError('The "chunk" argument must be of type string or an instance of Buffer, TypedArray, or DataView.'), { code: "ERR_INVALID_ARG_TYPE" });
}

declare const Buffer: { from(...args: never[]): { toString(): string } } & { from(...args: unknown[]): { toString(): string } };

export interface ProcessParts {
  outbox: Outbox;
  life: Lifecycle;
  stdin: Stdin;
  entry: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  filed: boolean;
  memoryLimitBytes: number;
  builtin(name: string): unknown;
  denied(name: string): Error;
}

export function createProcess(parts: ProcessParts): { process: Builtin; hooks: ProcessHooks } {
  const { outbox, life, stdin } = parts;
  const { EventEmitter } = native.getBuiltinModule("node:events") as Builtin;
  const emitter = EventEmitter.prototype as Builtin;
  const { emit, listenerCount } = { emit: emitter.emit, listenerCount: emitter.listenerCount };
  const started = performance.now();
  const { now } = performance;
  const clock = () => now.call(performance) - started;

  const output = (stream: Stream, fd: number): Builtin => {
    const sink = new EventEmitter() as Builtin;
    return Object.assign(sink, {
      fd, isTTY: false, writable: true, columns: 80, writableLength: 0, writableHighWaterMark: 16384,
      write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
        outbox.output(stream, textOfChunk(chunk, encoding));
        const done = typeof encoding === "function" ? encoding : callback;
        if (typeof done === "function") queueMicrotask(() => life.guard(() => { done(); }));
        return true;
      },
      end(chunk?: unknown, encoding?: unknown, callback?: unknown) {
        if (chunk !== undefined && chunk !== null && typeof chunk !== "function") sink.write(chunk, encoding);
        for (const done of [chunk, encoding, callback]) if (typeof done === "function") queueMicrotask(() => life.guard(() => { done(); }));
        return sink;
      },
      cork() {}, uncork() {}, destroy: () => sink, setDefaultEncoding: () => sink, getColorDepth: () => 1, hasColors: () => false, getWindowSize: () => [80, 24],
      clearLine: () => true, cursorTo: () => true, moveCursor: () => true, clearScreenDown: () => true, ref: () => sink, unref: () => sink,
    });
  };

  let exitCode: number | undefined;
  const toCode = (code: unknown): number => {
    const number = typeof code === "string" && code.trim() !== "" ? Number(code) : code;
    if (typeof number !== "number" || !Number.isInteger(number)) {
      throw Object.assign(new TypeError(`The "code" argument must be of type number. Received ${typeof code}`), { code: "ERR_INVALID_ARG_TYPE" });
    }
    return number;
  };
  const denied = (name: string) => () => { throw parts.denied(`process.${name}`); };
  const hrtime = (before?: [number, number]): [number, number] => {
    const ns = BigInt(Math.round(clock() * 1e6)) - (before ? BigInt(before[0]) * 1_000_000_000n + BigInt(before[1]) : 0n);
    return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
  };
  hrtime.bigint = () => BigInt(Math.round(clock() * 1e6));

  // The prototype of its own, as in Node: `process` is an EventEmitter named "process".
  const shown = Object.create(emitter, { [Symbol.toStringTag]: { value: "process", configurable: true } }) as Builtin;
  const process = Object.create(shown) as Builtin;
  Reflect.apply(EventEmitter, process, []);
  Object.assign(process, {
    title: "node", version: NODE_VERSION, versions: { node: NODE_VERSION.slice(1), v8: "", modules: "127" }, arch: "x64", platform: "linux", pid: 1, ppid: 0,
    release: { name: "node", lts: "Jod" }, execPath: "/usr/bin/node", execArgv: [], argv0: "node", env: { ...parts.env }, config: { variables: {} }, features: { inspector: false },
    argv: ["/usr/bin/node", `${SESSION_ROOT}/${parts.entry}`, ...parts.argv],
    stdout: output("stdout", 1), stderr: output("stderr", 2),
    exit(code?: unknown): never { return life.exit(code === undefined || code === null ? (exitCode ?? 0) : toCode(code)); },
    reallyExit(code?: unknown): never { return life.exit(code === undefined ? 0 : toCode(code)); },
    abort(): never { return life.exit(134); },
    kill(): never { return life.exit(143); },
    nextTick(callback: (...args: unknown[]) => void, ...args: unknown[]) {
      if (typeof callback !== "function") throw Object.assign(new TypeError('The "callback" argument must be of type function.'), { code: "ERR_INVALID_ARG_TYPE" });
      life.hold();
      queueMicrotask(() => {
        life.guard(() => { callback(...args); });
        life.release();
      });
    },
    // Without the file system nobody has changed to the session's folder; it is where the program is all the same.
    cwd: () => (parts.filed ? native.cwd() : SESSION_ROOT),
    chdir: (path: string) => native.chdir(path),
    uptime: () => clock() / 1000,
    hrtime,
    memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), { rss: () => 0 }),
    constrainedMemory: () => parts.memoryLimitBytes, availableMemory: () => parts.memoryLimitBytes,
    cpuUsage: () => ({ user: Math.round(clock() * 1000), system: 0 }), resourceUsage: () => ({}),
    umask: () => 0o22, getuid: () => 1000, geteuid: () => 1000, getgid: () => 1000, getegid: () => 1000, getgroups: () => [1000],
    emitWarning(warning: unknown, type?: unknown) {
      const name: unknown = typeof type === "string" ? type : ((type as Builtin | undefined)?.type ?? "Warning");
      const text = warning instanceof Error ? `${warning.name}: ${warning.message}` : `${String(name)}: ${String(warning)}`;
      outbox.output("stderr", `(node:1) ${text}\n`);
    },
    getBuiltinModule(name: unknown) { return parts.builtin(`${name}`); },
    binding: denied("binding"), _linkedBinding: denied("_linkedBinding"), dlopen: denied("dlopen"), execve: denied("execve"),
    setUncaughtExceptionCaptureCallback() {}, hasUncaughtExceptionCaptureCallback: () => false, setSourceMapsEnabled() {}, report: {},
  });
  Object.defineProperty(process, "stdin", { enumerable: true, configurable: true, get: () => stdin.stream() });
  Object.defineProperty(process, "exitCode", { enumerable: true, configurable: true, get: () => exitCode, set: (code: unknown) => { exitCode = code === undefined || code === null ? undefined : toCode(code); },
  });

  const has = (event: string): boolean => (Reflect.apply(listenerCount, process, [event]) as number) > 0;
  const tell = (event: string, ...args: unknown[]): void => { Reflect.apply(emit, process, [event, ...args]); };
  const hooks: ProcessHooks = {
    exitCode: () => exitCode ?? 0,
    emitBeforeExit: (code) => { if (has("beforeExit")) tell("beforeExit", code); },
    emitExit(code) {
      if (!has("exit")) return;
      exitCode ??= code;
      tell("exit", exitCode);
    },
    uncaught(error, origin, promise) {
      if (origin === "unhandledRejection" && has("unhandledRejection")) { tell("unhandledRejection", error, promise); return true; }
      if (!has("uncaughtException")) return false;
      tell("uncaughtException", error, origin);
      return true;
    },
  };
  return { process, hooks };
}
