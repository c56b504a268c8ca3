/** A Python program's requests: made by the isolate's own fetch, whose only way is the gateway, and answered as plain values.
 * The function is taken before the interpreter starts; programs see no other. */

import { type Reason, REASON_HEADER, sentence } from "../../../egress/message.js";
import { closed } from "../../../egress/policy.js";
import type { Run } from "../../../wire.js";

const nativeFetch = globalThis.fetch;

/** Either `error` or the rest. */
interface Answer {
  error: string | null;
  status?: number;
  reason?: string;
  /** JSON: a list of names and values. */
  headers?: string;
  body?: Uint8Array;
}

const told = (reason: Reason): string => JSON.stringify({ ...reason, message: sentence(reason) });
const hostOf = (url: string): string => URL.parse(url)?.hostname ?? url.slice(0, 200);

/** Redirects are answers here: urllib follows them itself, and each comes through the gateway again. */
export function request(run: Run): (method: string, url: string, headers: string, body: Uint8Array) => Promise<Answer> {
  const why = closed(run);
  return async (method, url, headers, body) => {
    const failed = (code: Reason["code"], because: string): Answer => ({ error: told({ code, host: hostOf(url), why: because }) });
    if (why !== null) return failed("network_denied", why);
    try {
      const content = body.length === 0 ? {} : { body };
      const response = await nativeFetch.call(globalThis, url, { method, headers: JSON.parse(headers) as [string, string][], redirect: "manual", ...content });
      if (response.headers.get(REASON_HEADER) !== null) return { error: told((await response.json()) as Reason) };
      return { error: null, status: response.status, reason: response.statusText, headers: JSON.stringify([...response.headers]), body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const limit = /^network_limit: (.*)$/.exec(message);
      return limit === null ? failed("network_failed", message) : failed("network_limit", limit[1] as string);
    }
  };
}

/** What pyodide.http looks for among JavaScript's globals: the same requests for programs that await them. */
export function offer(globals: Record<string, unknown>, run: Run): void {
  const why = closed(run);
  const fetch = async (input: string | Request, init?: RequestInit): Promise<Response> => {
    const host = hostOf(typeof input === "string" ? input : input.url);
    if (why !== null) throw new Error(sentence({ code: "network_denied", host, why }));
    const response = await nativeFetch.call(globalThis, input, init);
    if (response.headers.get(REASON_HEADER) !== null) throw new Error(sentence((await response.json()) as Reason));
    return response;
  };
  Object.assign(globals, { fetch, AbortController, AbortSignal, Request });
}
