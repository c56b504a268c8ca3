/** A Python program's requests: made by the isolate's own fetch, whose only way is the gateway, and answered as plain values.
 * The function is taken before the interpreter starts; programs see no other. */

import { NetworkError, outside } from "../../../isolate/network.js";
import { follow } from "../../../isolate/redirects.js";
import type { Run } from "../../../wire.js";

/** Either `error` or the rest. */
interface Answer {
  /** JSON: code, host, why and the whole sentence. */
  error: string | null;
  status?: number;
  reason?: string;
  /** JSON: a list of names and values. */
  headers?: string;
  body?: Uint8Array;
}

const hostOf = (url: string): string => URL.parse(url)?.hostname ?? url.slice(0, 200);

/** Redirects are answers here: urllib follows them itself, and each comes through the gateway again. */
export function request(run: Run): (method: string, url: string, headers: string, body: Uint8Array) => Promise<Answer> {
  const ask = outside(run);
  return async (method, url, headers, body) => {
    try {
      const content = body.length === 0 ? {} : { body };
      const response = await ask(new Request(url, { method, headers: JSON.parse(headers) as [string, string][], ...content }));
      return { error: null, status: response.status, reason: response.statusText, headers: JSON.stringify([...response.headers]), body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      const { code, host, why, message } = error instanceof NetworkError ? error : new NetworkError({ code: "network_failed", host: hostOf(url), why: error instanceof Error ? error.message : String(error) });
      return { error: JSON.stringify({ code, host, why, message }) };
    }
  };
}

/** What pyodide.http looks for among JavaScript's globals: the same requests for programs that await them. */
export function offer(globals: Record<string, unknown>, run: Run): void {
  const ask = outside(run);
  const fetch = async (input: string | Request, init?: RequestInit): Promise<Response> => follow(ask, new Request(input, init), (reason) => new NetworkError(reason));
  Object.assign(globals, { fetch, AbortController, AbortSignal, Request });
}
