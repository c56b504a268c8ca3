/**
 * What a program meets when it wants the network: fetch and node:http through the gateway when the run has a way out, and everywhere else
 * the same clear error instead of the runtime's internal ones. The wall is not here: it is the gateway, or no outbound at all.
 */
import { type Reason, REASON_HEADER, sentence } from "../../../egress/message.js";
import { closed } from "../../../egress/policy.js";
import { whenSettled } from "../../../isolate/primordials.js";
import { follow } from "../../../isolate/redirects.js";
import type { Run } from "../../../wire.js";
import type { Lifecycle } from "./lifecycle.js";
import { type Builtin, native } from "./native.js";

const NO_SOCKETS = "raw sockets are not available; use fetch, node:http or node:https";
const NO_SERVERS = "programs cannot listen for connections";
const NO_WEBSOCKETS = "WebSockets and event sources are not available; use fetch";

/** The request was judged and not made (`network_denied`), or an allowance is used up (`network_limit`). */
export class NetworkError extends Error {
  readonly code: string;
  readonly host: string;
  constructor(reason: Reason, message = sentence(reason)) {
    super(message);
    const name = reason.code === "network_denied" ? "NetworkDeniedError" : "NetworkLimitError";
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    this.code = reason.code;
    this.host = reason.host;
  }
}

/** As Node's fetch says it when nobody answers. */
function failed(reason: Reason): Error {
  const cause = Object.assign(new Error(sentence(reason)), { code: reason.code, host: reason.host });
  return new TypeError("fetch failed", { cause });
}

/** What fails after a wait has lost the line that asked. */
function placed(error: unknown, called: { stack?: string }): unknown {
  if (error instanceof NetworkError || (error instanceof TypeError && error.message === "fetch failed")) {
    const frames = String(called.stack).split("\n").slice(1).join("\n");
    Object.defineProperty(error, "stack", { value: `${error.name}: ${error.message}\n${frames}`, writable: true, configurable: true, enumerable: false });
  }
  return error;
}

function target(value: unknown): string {
  try {
    const { url, href, hostname, host, port } = value as Record<string, unknown>;
    const text = String(typeof value === "string" ? value : (url ?? href ?? `${hostname ?? host ?? "localhost"}${port === undefined ? "" : `:${port}`}`)).slice(0, 2000);
    return (URL.parse(text)?.host || text).slice(0, 200);
  } catch {
    return "the address";
  }
}

const denied = (host: string, why: string) => new NetworkError({ code: "network_denied", host, why });
const refusing = (what: string, why: string) => new NetworkError({ code: "network_denied", host: what, why }, `network_denied: ${what} is not available: ${why}`);
const nativeFetch = globalThis.fetch;

async function hop(request: Request): Promise<Response> {
  const response = await nativeFetch(request);
  if (response.headers.get(REASON_HEADER) === null) return response;
  const reason = (await response.json()) as Reason;
  throw reason.code === "network_failed" ? failed(reason) : new NetworkError(reason);
}

export class Network {
  /** Why there is none; null when the run has a way out. */
  readonly #closed: string | null;
  readonly #life: Lifecycle;

  constructor(run: Run, life: Lifecycle) {
    this.#closed = closed(run);
    this.#life = life;
  }

  fetch(input: unknown, init?: unknown): Promise<Response> {
    const called: { stack?: string } = {};
    Error.captureStackTrace(called, this.fetch);
    return this.#life.track(this.#ask(input, init).catch((error: unknown) => { throw placed(error, called); }));
  }

  async #ask(input: unknown, init: unknown): Promise<Response> {
    // A data: URL needs no network.
    if (/^data:/i.test(String(input))) return nativeFetch(input as string, init as RequestInit);
    if (this.#closed !== null) throw denied(target(input), this.#closed);
    return follow(hop, new Request(input as string, init as RequestInit), failed);
  }

  /** The global classes that would open a connection of another kind. */
  socketClass(): unknown {
    const why = this.#closed ?? NO_WEBSOCKETS;
    return class { constructor(url: unknown) { throw denied(target(url), why); } };
  }

  /** Entry points of the network modules, replaced; the rest of each module stays what it is. */
  denying(name: string): Builtin {
    const refuses = (what: string, why = NO_SERVERS) => () => { throw refusing(what, this.#closed ?? why); };
    switch (name) {
      case "http": case "https": {
        const servers = { createServer: refuses(`${name}.createServer`), Server: refuses(`${name}.Server`), WebSocket: this.socketClass() };
        if (this.#closed === null) return servers;
        const connects = this.#connecting(this.#closed);
        return { ...servers, request: connects, get: connects, ClientRequest: refuses(`${name}.ClientRequest`) };
      }
      case "http2": return { connect: refuses("http2.connect", NO_SOCKETS), createServer: refuses("http2.createServer"), createSecureServer: refuses("http2.createSecureServer") };
      case "net": case "tls": {
        const connects = this.#connecting(NO_SOCKETS);
        return { connect: connects, createConnection: connects, createServer: refuses(`${name}.createServer`), Socket: refuses(`${name}.Socket`, NO_SOCKETS), TLSSocket: refuses("tls.TLSSocket", NO_SOCKETS) };
      }
      case "dgram": return { createSocket: refuses("dgram.createSocket", NO_SOCKETS), Socket: refuses("dgram.Socket", NO_SOCKETS) };
      case "dns": return resolving();
      case "dns/promises": return resolving().promises;
      default: return {};
    }
  }

  #connecting(why: string) {
    return (...args: unknown[]) => this.#deadEnd(typeof args[0] === "number" ? `${args[1] ?? "localhost"}:${args[0]}` : target(args[0]), why);
  }

  /** Looks like a request or a socket, and fails on the next turn as they would. */
  #deadEnd(where: string, why: string): Builtin {
    const { EventEmitter } = native.getBuiltinModule("node:events") as Builtin;
    const dead = new EventEmitter() as Builtin;
    const same = () => dead;
    Object.assign(dead, {
      write: () => true, end: same, destroy: same, abort: same, setTimeout: same, setHeader: same, getHeader: () => undefined, removeHeader: same, flushHeaders: same,
      setNoDelay: same, setKeepAlive: same, setEncoding: same, ref: same, unref: same, pipe: (to: unknown) => to, writable: true, destroyed: false,
    });
    (globalThis as unknown as Builtin).setImmediate(() => {
      dead.emit("error", denied(where, why));
      dead.emit("close");
    });
    return dead;
  }

  /** An answer is read after its request has settled: that keeps a program alive as well. */
  trackBodies(): void {
    if (this.#closed !== null) return;
    const life = this.#life;
    const tracked = (proto: Builtin, name: string | symbol) => {
      const method = proto[name as string] as (...args: unknown[]) => Promise<unknown>;
      if (typeof method !== "function") return;
      Object.defineProperty(proto, name, { configurable: true, writable: true, enumerable: true, value(this: unknown, ...args: unknown[]) { return life.track(plainly(Reflect.apply(method, this, args))); } });
    };
    for (const name of ["text", "json", "arrayBuffer", "bytes", "blob", "formData"]) tracked(Response.prototype as never, name);
    for (const reader of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) tracked(reader.prototype as never, "read");
    tracked(ReadableStream.prototype as never, "pipeTo");
    const iterated = ReadableStream.prototype as unknown as Record<string | symbol, unknown>;
    for (const name of ["values", Symbol.asyncIterator]) {
      const method = iterated[name] as (...args: unknown[]) => Builtin;
      Object.defineProperty(iterated, name, { configurable: true, writable: true, value(this: unknown, ...args: unknown[]) {
        const iterator = Reflect.apply(method, this, args);
        return { next: () => life.track(plainly(iterator.next())), return: (value: unknown) => iterator.return(value), [Symbol.asyncIterator]() { return this; } };
      } });
    }
  }
}

/** An allowance that ends in the middle of an answer comes as the gateway's own words. */
function plainly<T>(promise: Promise<T>): Promise<T> {
  return whenSettled(promise, undefined, (error: unknown) => {
    const match = error instanceof Error ? /^(network_limit): (.*)$/.exec(error.message) : null;
    throw match === null ? error : new NetworkError({ code: "network_limit", host: "", why: match[2] as string }, match[0]);
  }) as Promise<T>;
}

function resolving(): Builtin {
  const promised = async (host: unknown) => { throw denied(target(host), NO_SOCKETS); };
  const called = (host: unknown, ...rest: unknown[]) => {
    const callback = rest.at(-1);
    if (typeof callback === "function") (globalThis as unknown as Builtin).setImmediate(() => callback(denied(target(host), NO_SOCKETS)));
  };
  const names = ["lookup", "lookupService", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCname", "resolveMx", "resolveNs", "resolveTxt", "resolveSrv", "resolveSoa", "reverse"];
  const promises = Object.fromEntries(names.map((method) => [method, promised]));
  return { ...Object.fromEntries(names.map((method) => [method, called])), promises };
}
