/**
 * Puts the program's world in place: Node's globals over ours, the runtime's own doors removed, the native process emptied.
 * Runs once, before any user code; what it leaves reachable is all that a program can reach.
 */
import { protectAwait } from "../../../isolate/primordials.js";
import type { Lifecycle } from "./lifecycle.js";
import { type Builtin, native } from "./native.js";
import type { Network } from "./network.js";
import type { Timers } from "./timers.js";

/** Of the native process, these could reach modules, the host's streams or the process itself. */
const DANGEROUS = ["getBuiltinModule", "binding", "_linkedBinding", "dlopen", "execve", "reallyExit", "exit", "abort", "kill", "_kill", "_rawDebug", "openStdin",
  "stdout", "stderr", "stdin", "env", "loadEnvFile", "_debugProcess", "_preload_modules", "moduleLoadList", "report", "_send", "send", "emitWarning"];
/** Globals of workers that Node does not have; some of them are doors. */
const FOREIGN = ["caches", "self", "Cache", "CacheStorage", "reportError", "FetchEvent", "ExtendableEvent", "TailEvent", "TraceEvent", "ScheduledEvent",
  "PromiseRejectionEvent", "WebSocketRequestResponsePair", "origin", "ServiceWorkerGlobalScope", "WorkerGlobalScope", "addEventListener", "removeEventListener", "dispatchEvent",
  "WebSocketPair", "HTMLRewriter", "connect", "alert", "confirm"];

const inherited = Object.getPrototypeOf(globalThis) as object;

/** A native one must not come to light again when the program deletes ours. */
function put(name: string, value: unknown): void {
  if (!Reflect.deleteProperty(inherited, name)) throw new Error(`the inherited global ${name} cannot be removed`);
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

function emptyNativeProcess(): void {
  for (const name of DANGEROUS) {
    const value = name === "env" ? Object.freeze(Object.create(null)) : name === "emitWarning" ? () => undefined : undefined;
    try {
      Object.defineProperty(native.process, name, { value, writable: false, configurable: false, enumerable: false });
    } catch {
      throw new Error(`the native process.${name} cannot be closed`);
    }
  }
}

export interface World {
  console: unknown;
  process: Builtin;
  timers: Timers;
  life: Lifecycle;
  network: Network;
  ask(prompt: string): Promise<string | null>;
  display(data: unknown): void;
}

export function furnish(world: World): void {
  const { life, timers, process, network } = world;
  emptyNativeProcess();
  protectAwait();
  const { queueMicrotask } = globalThis;
  for (const name of FOREIGN) {
    if (!Reflect.deleteProperty(globalThis, name)) throw new Error(`the global ${name} cannot be removed`);
    Reflect.deleteProperty(inherited, name);
    // What EventTarget lends to the global object cannot be taken from EventTarget itself.
    if (name in globalThis) put(name, undefined);
  }
  // The runtime's own builtins look their flags up here; nothing else of it stays.
  const { compatibilityFlags } = (globalThis as unknown as { Cloudflare: { compatibilityFlags: object } }).Cloudflare;
  put("Cloudflare", Object.freeze({ compatibilityFlags: Object.freeze(compatibilityFlags) }));
  // The runtime's own `Buffer` is lazy and would look for node:buffer among the shadowed modules; even redefining it would.
  Reflect.deleteProperty(globalThis, "Buffer");
  Object.defineProperty(globalThis, "Buffer", {
    configurable: true, enumerable: false,
    get() {
      put("Buffer", (native.getBuiltinModule("node:buffer") as Builtin).Buffer);
      return (globalThis as unknown as Builtin).Buffer;
    },
    set(value: unknown) { put("Buffer", value); },
  });
  put("global", globalThis);
  put("console", world.console);
  put("process", process);
  for (const name of ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"] as const) put(name, timers[name]);
  put("queueMicrotask", (callback: unknown) => {
    if (typeof callback !== "function") throw Object.assign(new TypeError('The "callback" argument must be of type function.'), { code: "ERR_INVALID_ARG_TYPE" });
    queueMicrotask(() => life.guard(() => { callback(); }));
  });
  put("scheduler", timers.promises.scheduler);
  put("navigator", Object.freeze({ userAgent: `Node.js/${process.version.slice(1).split(".")[0]}`, hardwareConcurrency: 1, language: "en-US", languages: ["en-US"], platform: "linux" }));
  put("fetch", function fetch(input: unknown, init?: unknown) { return network.fetch(input, init); });
  for (const name of ["WebSocket", "EventSource"]) put(name, network.socketClass());
  network.trackBodies();
  const ask = (prompt: unknown = "") => world.ask(`${prompt}`);
  put("prompt", ask);
  put("input", ask);
  put("display", (data: unknown) => world.display(data));
  trackSubtle(life);
}

/** WebCrypto works off the main path: a program that does not await it at its top level must still see it end. */
function trackSubtle(life: Lifecycle): void {
  const proto = Object.getPrototypeOf(crypto.subtle) as Builtin;
  for (const name of ["digest", "encrypt", "decrypt", "sign", "verify", "generateKey", "deriveKey", "deriveBits", "importKey", "exportKey", "wrapKey", "unwrapKey"]) {
    const method = proto[name];
    if (typeof method !== "function") continue;
    proto[name] = function (this: unknown, ...args: unknown[]) {
      return life.track(Reflect.apply(method, this, args) as Promise<unknown>);
    };
  }
}
