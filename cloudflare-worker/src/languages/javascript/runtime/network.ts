/**
 * What a program meets when it wants the network and there is none: the same clear error everywhere, instead of the runtime's internal ones.
 * The wall itself is not here: the isolate has no outbound at all. With a gateway, `denying` is simply not applied.
 */
import { type Builtin, native } from "./native.js";

export class NetworkDeniedError extends Error {
  readonly code = "network_denied";
  constructor(target: string) {
    super(`network_denied: ${target} is not reachable, this run has no network`);
    Object.defineProperty(this, "name", { value: "NetworkDeniedError", configurable: true, writable: true });
  }
}

function target(value: unknown): string {
  try {
    if (typeof value === "string") return value.slice(0, 200);
    if (value instanceof URL) return value.href.slice(0, 200);
    const { url, hostname, host, href, port } = value as Record<string, unknown>;
    return String(url ?? href ?? `${hostname ?? host ?? "localhost"}${port === undefined ? "" : `:${port}`}`).slice(0, 200);
  } catch {
    return "the address";
  }
}

const nativeFetch = globalThis.fetch;

export function deniedFetch(input: unknown, init?: unknown): Promise<Response> {
  const url = target(input);
  // A data: URL needs no network.
  if (/^data:/i.test(url)) return nativeFetch(input as string, init as RequestInit);
  return Promise.reject(new NetworkDeniedError(url));
}

/** Looks like a request or a socket, and fails on the next turn as they would. */
function deadEnd(where: string): Builtin {
  const { EventEmitter } = native.getBuiltinModule("node:events") as Builtin;
  const dead = new EventEmitter() as Builtin;
  const same = () => dead;
  Object.assign(dead, {
    write: () => true, end: same, destroy: same, abort: same, setTimeout: same, setHeader: same, getHeader: () => undefined, removeHeader: same, flushHeaders: same,
    setNoDelay: same, setKeepAlive: same, setEncoding: same, ref: same, unref: same, pipe: (to: unknown) => to, writable: true, destroyed: false,
  });
  (globalThis as unknown as Builtin).setImmediate(() => {
    dead.emit("error", new NetworkDeniedError(where));
    dead.emit("close");
  });
  return dead;
}

/** The network modules' entry points, replaced; the rest of each module stays what it is. */
export function denying(name: string): Builtin {
  const connects = (...args: unknown[]) => deadEnd(typeof args[0] === "number" ? `${args[1] ?? "localhost"}:${args[0]}` : target(args[0]));
  const refuses = (what: string) => () => { throw new NetworkDeniedError(what); };
  switch (name) {
    case "http": case "https":
      return { request: connects, get: connects, createServer: refuses(`${name}.createServer`), Server: refuses(`${name}.Server`), ClientRequest: refuses(`${name}.ClientRequest`) };
    case "http2": return { connect: refuses("http2.connect"), createServer: refuses("http2.createServer"), createSecureServer: refuses("http2.createSecureServer") };
    case "net": case "tls": return { connect: connects, createConnection: connects, createServer: refuses(`${name}.createServer`), Socket: refuses(`${name}.Socket`), TLSSocket: refuses("tls.TLSSocket") };
    case "dgram": return { createSocket: refuses("dgram.createSocket"), Socket: refuses("dgram.Socket") };
    case "dns": {
      const promised = async (host: unknown) => { throw new NetworkDeniedError(target(host)); };
      const called = (host: unknown, ...rest: unknown[]) => {
        const callback = rest.at(-1);
        if (typeof callback === "function") (globalThis as unknown as Builtin).setImmediate(() => callback(new NetworkDeniedError(target(host))));
      };
      const names = ["lookup", "lookupService", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCname", "resolveMx", "resolveNs", "resolveTxt", "resolveSrv", "resolveSoa", "reverse"];
      const promises = Object.fromEntries(names.map((method) => [method, promised]));
      return { ...Object.fromEntries(names.map((method) => [method, called])), promises };
    }
    case "dns/promises": return denying("dns").promises;
    default: return {};
  }
}
