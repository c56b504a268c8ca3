/** A Python program's requests: made by the isolate's own fetch, whose only way is the gateway, and answered as plain values.
 * The function is taken before the interpreter starts; programs see no other. */

import { exchange, NetworkError, outside } from "../../../isolate/network.js";
import { follow } from "../../../isolate/redirects.js";
import type { Run } from "../../../wire.js";

/** Either `error` or the rest; headers and error are JSON. */
interface Answer {
  error: string | null;
  status?: number;
  reason?: string;
  headers?: string;
  body?: Uint8Array;
}

export function request(run: Run): (method: string, url: string, headers: string, body: Uint8Array) => Promise<Answer> {
  const ask = exchange(run);
  return async (method, url, headers, body) => {
    const answer = await ask(method, url, JSON.parse(headers) as [string, string][], body);
    return "error" in answer ? { error: JSON.stringify(answer.error) } : { ...answer, error: null, headers: JSON.stringify(answer.headers) };
  };
}

/** What pyodide.http looks for among JavaScript's globals: the same requests for programs that await them. */
export function offer(globals: Record<string, unknown>, run: Run): void {
  const ask = outside(run);
  const fetch = async (input: string | Request, init?: RequestInit): Promise<Response> => follow(ask, new Request(input, init), (reason) => new NetworkError(reason));
  Object.assign(globals, { fetch, AbortController, AbortSignal, Request });
}
