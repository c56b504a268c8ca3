/**
 * The only way out of an isolate: every request of a program, each hop of a redirect included, is judged, counted and made here.
 * What it cannot know, the address behind a name, the network service below it judges again when it connects.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import * as limits from "../limits.js";
import { hostOf, isAddress, matches, network, urlFault } from "./address.js";
import { type Reason, REASON_HEADER, type ReasonCode } from "./message.js";
import type { Policy } from "./policy.js";

declare const WORKER_VERSION: string;

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const USER_AGENT = `collab-execution/${WORKER_VERSION}`;
/** Set by whoever makes the connection, or telling something of it: never the program's to say. */
const DROPPED = /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|forwarded|via|x-forwarded-.*|x-real-ip|cf-.*|x-collab-.*)$/;
const NOT_TOLD = ["transfer-encoding", "connection", "keep-alive", REASON_HEADER];

export interface Props {
  ticket: string;
  /** Left out for an isolate that is loaded before its run is known: then it is looked up by the ticket. */
  policy?: Policy;
}

/** What one run has used so far. */
class Account {
  requests = 0;
  bytesOut = 0;
  bytesIn = 0;
  #open = 0;
  readonly #waiting: (() => void)[] = [];

  /** Waits until fewer than the allowed number of requests are being answered. */
  async enter(): Promise<void> {
    if (this.#open < limits.EGRESS_CONCURRENT_MAX) { this.#open += 1; return; }
    // The place is handed over, not given back.
    await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#open -= 1;
    else next();
  }
}

/** Runs of this instance by ticket: what they used, and the rules of those whose isolate came first. */
const accounts = new Map<string, Account>();
const policies = new Map<string, Policy>();

export function admit(ticket: string, policy: Policy): void {
  policies.set(ticket, policy);
}

export function dismiss(ticket: string): void {
  accounts.delete(ticket);
  policies.delete(ticket);
}

class Denied extends Error {
  readonly code: ReasonCode;
  constructor(code: ReasonCode, why: string) {
    super(why);
    this.code = code;
  }
}

export class Gateway extends WorkerEntrypoint<{ EGRESS_NETWORKS?: string }> {
  override async fetch(request: Request): Promise<Response> {
    const { ticket, policy = policies.get(ticket) } = this.ctx.props as Props;
    const url = new URL(request.url);
    try {
      if (policy === undefined || Date.now() > policy.until + limits.DEADLINE_GRACE_MS) throw new Denied("network_denied", "no run is going on");
      const account = accounts.get(ticket) ?? new Account();
      accounts.set(ticket, account);
      return await this.#forward(request, url, policy, account);
    } catch (error) {
      const known = error instanceof Denied ? error : new Denied("network_failed", "the request could not be made");
      const reason: Reason = { code: known.code, host: hostOf(url), why: known.message };
      return Response.json(reason, { status: known.code === "network_failed" ? 502 : 403, headers: { [REASON_HEADER]: known.code } });
    }
  }

  async #forward(request: Request, url: URL, policy: Policy, account: Account): Promise<Response> {
    const fault = this.#fault(request, url, policy);
    if (fault !== null) throw new Denied("network_denied", fault);
    account.requests += 1;
    if (account.requests > limits.EGRESS_REQUESTS_MAX) throw new Denied("network_limit", `a run may make ${limits.EGRESS_REQUESTS_MAX} requests`);
    const signal = AbortSignal.timeout(limits.EGRESS_REQUEST_MS_MAX);
    const body = await upload(request, account);
    await account.enter();
    let response: Response;
    try {
      response = await fetch(url.href, { method: request.method, headers: outgoing(request.headers), redirect: "manual", signal, ...(body === null ? {} : { body }) });
    } catch (error) {
      throw failure(error, signal, url);
    } finally {
      account.leave();
    }
    // 101 would be a socket: it is not asked for, and it is not given.
    if (response.status === 101 || response.webSocket) throw new Denied("network_denied", "WebSockets are not available");
    return incoming(response, account);
  }

  #fault(request: Request, url: URL, policy: Policy): string | null {
    if (url.href.length > limits.EGRESS_URL_CHARS_MAX) return `its URL is longer than ${limits.EGRESS_URL_CHARS_MAX} characters`;
    if (!METHODS.has(request.method)) return `the method ${request.method.slice(0, 20)} is not allowed`;
    if (request.headers.has("upgrade")) return "WebSockets and other upgrades are not available";
    const exceptions = (JSON.parse(this.env.EGRESS_NETWORKS ?? "[]") as string[]).map(network);
    const fault = urlFault(url, policy.schemes, exceptions);
    if (fault !== null) return fault;
    const host = hostOf(url);
    if (matches(host, policy.deny)) return "this server does not allow the host";
    return policy.allow === null || matches(host, policy.allow) ? null : "it is not among the hosts that this server allows";
  }
}

/** The whole body, so that its size is known before anything leaves. */
async function upload(request: Request, account: Account): Promise<Uint8Array | null> {
  if (request.body === null) return null;
  const parts: Uint8Array[] = [];
  for await (const part of request.body as ReadableStream<Uint8Array>) {
    account.bytesOut += part.byteLength;
    if (account.bytesOut > limits.EGRESS_OUT_BYTES_MAX) throw new Denied("network_limit", `a run may send ${limits.EGRESS_OUT_BYTES_MAX} bytes`);
    parts.push(part);
  }
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) { body.set(part, at); at += part.byteLength; }
  return body.byteLength === 0 && (request.method === "GET" || request.method === "HEAD") ? null : body;
}

function outgoing(given: Headers): Headers {
  const headers = new Headers();
  let bytes = 0;
  for (const [name, value] of given) {
    if (DROPPED.test(name)) continue;
    bytes += name.length + value.length;
    if (bytes > limits.EGRESS_HEADER_BYTES_MAX) throw new Denied("network_limit", `the headers are larger than ${limits.EGRESS_HEADER_BYTES_MAX} bytes`);
    headers.append(name, value);
  }
  const own = headers.get("user-agent");
  headers.set("user-agent", own === null ? USER_AGENT : `${own} ${USER_AGENT}`);
  return headers;
}

function incoming(response: Response, account: Account): Response {
  const headers = new Headers(response.headers);
  for (const name of NOT_TOLD) headers.delete(name);
  const { status, statusText } = response;
  if (response.body === null) return new Response(null, { status, statusText, headers });
  // Reading decodes: what goes on is plain, and what counts is its size then.
  if (headers.has("content-encoding")) for (const name of ["content-encoding", "content-length"]) headers.delete(name);
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      account.bytesIn += part.byteLength;
      if (account.bytesIn > limits.EGRESS_IN_BYTES_MAX) throw new Error(`network_limit: a run may receive ${limits.EGRESS_IN_BYTES_MAX} bytes`);
      controller.enqueue(part);
    },
  });
  return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
}

/** The runtime hides why a connection was not made: a name without a public address looks like a fault of its own, and so does a bad certificate. */
function failure(error: unknown, signal: AbortSignal, url: URL): Denied {
  if (signal.aborted) return new Denied("network_failed", `there was no answer within ${limits.EGRESS_REQUEST_MS_MAX} ms`);
  const hidden = error instanceof Error && /^internal error/.test(error.message);
  const untrusted = url.protocol === "https:" ? ", or its certificate is not trusted" : "";
  if (!hidden || isAddress(url)) return new Denied("network_failed", `the connection was refused or lost${untrusted}`);
  return new Denied("network_denied", `its name leads to no public address${untrusted}`);
}
