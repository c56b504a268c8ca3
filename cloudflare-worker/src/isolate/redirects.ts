/**
 * How fetch follows redirects in an isolate: as the Fetch standard says, where the runtime's own would tell one origin's secrets to another.
 * Each hop is a request of its own; the gateway judges it.
 */
import type { Reason } from "../egress/message.js";

const REDIRECTS_MAX = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What was meant for one origin. */
const PRIVATE = ["authorization", "cookie"];
/** They tell of a body that is not sent again. */
const OF_CONTENT = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];

type Ask = (request: Request) => Promise<Response>;

/** @param fault makes an error of why a redirect cannot be followed. */
export async function follow(ask: Ask, request: Request, fault: (reason: Reason) => Error): Promise<Response> {
  if (request.redirect !== "follow") return ask(request);
  let asked = request;
  for (let hops = 0; ; hops += 1) {
    // Kept in case that a redirect wants the same once more.
    const again = asked.body === null ? null : asked.clone();
    const response = await ask(new Request(asked, { redirect: "manual" }));
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) {
      void again?.body?.cancel().catch(() => undefined);
      return hops === 0 ? response : Object.defineProperty(response, "redirected", { value: true, configurable: true });
    }
    void response.body?.cancel().catch(() => undefined);
    const fail = (why: string): Error => fault({ code: "network_failed", host: new URL(asked.url).hostname, why });
    const to = URL.parse(location, asked.url);
    if (to === null || !/^https?:$/.test(to.protocol)) throw fail("it redirects to what is no web address");
    if (hops === REDIRECTS_MAX) throw fail(`it redirects more than ${REDIRECTS_MAX} times`);
    asked = next(again ?? asked, response.status, to, request.signal);
  }
}

function next(asked: Request, status: number, to: URL, signal: AbortSignal): Request {
  const headers = new Headers(asked.headers);
  const { method } = asked;
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST";
  if (becomesGet) for (const name of OF_CONTENT) headers.delete(name);
  if (to.origin !== new URL(asked.url).origin) for (const name of PRIVATE) headers.delete(name);
  const body = becomesGet ? null : asked.body;
  return new Request(to, { method: becomesGet ? "GET" : method, headers, signal, ...(body === null ? {} : { body }) });
}
