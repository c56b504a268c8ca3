/**
 * One HTTP exchange of a program, redirects followed as it asks: what curl and wget are made of.
 * Nothing is printed or stored here, and the machine's fetcher alone decides what may be reached.
 */
import { encode } from "../../bytes.js";
import type { FetchFault, Fetcher, Io } from "../../machine.js";

/** Headers in the order in which they were given; a name may come twice. */
export type Fields = [name: string, value: string][];

export interface Asked {
  method: string;
  url: URL;
  headers: Fields;
  body: Uint8Array | null;
  /** 0 follows none. */
  redirectsMax: number;
  /** Form data or a form: what a redirect turns into a GET. */
  posting: boolean;
  /** A method that was asked for by name is kept over redirects, what it sent is not. */
  keepMethod: boolean;
  /** When the whole exchange is over at the latest, by Date.now(). */
  deadline: number;
  /** Told of every request before it is made, and of every answer. */
  onRequest?(url: URL, method: string, headers: Fields): void | Promise<void>;
  onAnswer?(answer: Answer): void | Promise<void>;
}

export interface Answer {
  url: URL;
  status: number;
  reason: string;
  headers: Fields;
  /** Where a redirect that was not followed leads. */
  location: URL | null;
  redirects: number;
  /** The next bytes, or null at the end. */
  read(): Promise<Uint8Array | null>;
  /** What is left is not wanted. */
  cancel(): void;
}

/** More redirects than were allowed. */
export class RedirectFault extends Error {}
/** No answer, or not all of it, before the deadline. */
export class TimeoutFault extends Error {}

export const isFetchFault = (error: unknown): error is FetchFault => error instanceof Error && "code" in error && "host" in error;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What was meant for one host is not told to another. */
const PRIVATE = /^(authorization|cookie)$/i;
const CONTENT = /^content-/i;

export const field = (headers: Fields, name: string): string | undefined => headers.find(([given]) => given.toLowerCase() === name)?.[1];

export async function exchange(io: Io, asked: Asked): Promise<Answer> {
  const { fetcher } = io.machine;
  if (fetcher === null) throw Object.assign(new Error("there is no network here"), { code: "network_denied", host: asked.url.hostname });
  let { url, method, headers, body } = asked;
  for (let redirects = 0; ; redirects += 1) {
    await asked.onRequest?.(url, method, headers);
    const answer = await once(io, fetcher, { ...asked, url, method, headers, body }, redirects);
    await asked.onAnswer?.(answer);
    if (answer.location === null || asked.redirectsMax === 0) return answer;
    if (redirects >= asked.redirectsMax) throw new RedirectFault(`Maximum (${asked.redirectsMax}) redirects followed`);
    answer.cancel();
    if (answer.location.origin !== url.origin) headers = headers.filter(([name]) => !PRIVATE.test(name));
    const { status } = answer;
    if ((status === 303 && method !== "HEAD") || (asked.posting && status < 303)) {
      if (!asked.keepMethod) method = "GET";
      body = null;
      headers = headers.filter(([name]) => !CONTENT.test(name));
    }
    url = answer.location;
  }
}

async function once(io: Io, fetcher: Fetcher, asked: Asked, redirects: number): Promise<Answer> {
  const { url, method } = asked;
  const aborter = new AbortController();
  const request = new Request(url.href, { method, headers: asked.headers, redirect: "manual", signal: aborter.signal, ...(asked.body === null ? {} : { body: asked.body }) });
  const wait = <T>(work: Promise<T>): Promise<T> => within(io, work, asked.deadline, () => aborter.abort());
  const response = await wait(fetcher(request));
  const reader = response.body?.getReader() ?? null;
  const to = response.headers.get("location");
  return {
    url, status: response.status, reason: response.statusText, redirects,
    headers: [...response.headers],
    location: REDIRECTS.has(response.status) && to !== null ? URL.parse(to, url.href) : null,
    async read() {
      if (reader === null) return null;
      const { done, value } = await wait(reader.read());
      return done ? null : value;
    },
    cancel() {
      void reader?.cancel().catch(() => undefined);
      aborter.abort();
    },
  };
}

/** Waits for something outside; a signal to the process or the deadline ends the waiting. */
async function within<T>(io: Io, work: Promise<T>, deadline: number, abort: () => void): Promise<T> {
  type Outcome = { value: T } | { error: unknown };
  const outcome = await io.process.block<Outcome>((done) => {
    const timer = Number.isFinite(deadline) ? setTimeout(() => { abort(); done({ error: new TimeoutFault() }); }, Math.max(0, deadline - Date.now())) : null;
    const end = (said: Outcome): void => {
      clearTimeout(timer);
      done(said);
    };
    work.then((value) => end({ value }), (error: unknown) => end({ error }));
    return () => {
      clearTimeout(timer);
      abort();
    };
  });
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

/** What a name without a scheme means to these programs; null when it is no URL that they can ask. */
export function webUrl(text: string): URL | null {
  return URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
}

/** The `Authorization` of `user:password`. */
export const basic = (account: string): string => `Basic ${btoa([...encode(account)].map((byte) => String.fromCharCode(byte)).join(""))}`;
