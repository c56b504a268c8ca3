/** An isolate's own way out as a function: one request through the gateway, a redirect as itself, or a typed reason why not. */
import { type Reason, type ReasonCode, REASON_HEADER, sentence } from "../egress/message.js";
import { closed } from "../egress/policy.js";
import type { Run } from "../wire.js";

// Taken before any program runs.
const nativeFetch = globalThis.fetch;

export class NetworkError extends Error {
  readonly code: ReasonCode;
  readonly host: string;
  readonly why: string;
  constructor(reason: Reason) {
    super(sentence(reason));
    this.code = reason.code;
    this.host = reason.host;
    this.why = reason.why;
  }
}

/** What it answers throws a NetworkError: for what was not asked or not answered, and while the answer is read. */
export function outside(run: Run): (request: Request) => Promise<Response> {
  const why = closed(run);
  return async (request) => {
    const { hostname: host } = new URL(request.url);
    if (why !== null) throw new NetworkError({ code: "network_denied", host, why });
    const response = await nativeFetch.call(globalThis, request, { redirect: "manual" }).catch((error: unknown) => { throw broken(error, host); });
    if (response.headers.get(REASON_HEADER) !== null) throw new NetworkError((await response.json()) as Reason);
    return response.body === null ? response : new Response(told(response.body, host), response);
  };
}

/** The same bytes; a fault says what it is. */
function told(body: ReadableStream<Uint8Array>, host: string): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(broken(error, host));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** A limit that is reached in the middle of an answer comes as the gateway's own words. */
function broken(error: unknown, host: string): NetworkError {
  const message = error instanceof Error ? error.message : String(error);
  const limit = /^network_limit: (.*)$/.exec(message);
  return new NetworkError(limit === null ? { code: "network_failed", host, why: message } : { code: "network_limit", host, why: limit[1]! });
}

/** What a program that waits is told of its request; the error has the whole sentence as its message. */
export type Answer = { error: Reason & { message: string } } | { status: number; reason: string; headers: [name: string, value: string][]; body: Uint8Array };

/** One request and its whole answer as plain values. Redirects are answers here: libraries follow them themselves, each through the gateway again. */
export function exchange(run: Run): (method: string, url: string, headers: [name: string, value: string][], body: Uint8Array) => Promise<Answer> {
  const ask = outside(run);
  return async (method, url, headers, body) => {
    try {
      const response = await ask(new Request(url, { method, headers, ...(body.length === 0 ? {} : { body }) }));
      return { status: response.status, reason: response.statusText, headers: [...response.headers], body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      const host = URL.parse(url)?.hostname ?? url.slice(0, 200);
      const { code, why, message, ...known } = error instanceof NetworkError ? error : new NetworkError({ code: "network_failed", host, why: error instanceof Error ? error.message : String(error) });
      return { error: { code, host: known.host, why, message } };
    }
  };
}
