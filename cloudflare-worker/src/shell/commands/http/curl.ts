/**
 * curl, for HTTP: its everyday options, its output and its exit codes. An option that is not here is an error by name.
 * There is no progress meter; answers' headers come as the machine's fetcher has them, in small letters and in its order.
 */
import { decode, encode } from "../../bytes.js";
import { faultOf, FileError, makeFolders } from "../../files.js";
import type { Io, Program } from "../../machine.js";
import type { Stream } from "../../streams.js";
import { type Options, options, type Spec } from "../options.js";
import { data, given as content, multipart } from "./content.js";
import { type Answer, basic, exchange, field, type Fields, isFetchFault, RedirectFault, TimeoutFault, webUrl } from "./exchange.js";

const VERSION = "curl 8.5.0";
const USER_AGENT = "curl/8.5.0";
const REDIRECTS_MAX = 50;
const RETRY_WAIT_MS = 1000;
const RETRY_WAIT_MS_MAX = 600_000;
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const DATA: readonly string[] = ["d", "data-raw", "data-binary", "data-urlencode", "json"];

/** curl's own exit codes. */
const EXIT = { protocol: 1, usage: 2, url: 3, connect: 7, status: 22, write: 23, read: 26, timeout: 28, redirects: 47, receive: 56 };

const SPEC: Spec = {
  short: "sSfLiIvGOo:D:X:d:H:u:A:e:b:w:m:F:T:gqNZV#",
  long: {
    silent: "s", "show-error": "S", fail: "f", "fail-with-body": "fail-with-body", location: "L", include: "i", head: "I", verbose: "v", get: "G", "remote-name": "O", "output=": "o", "dump-header=": "D", "request=": "X",
    "data=": "d", "data-ascii=": "d", "data-raw=": "data-raw", "data-binary=": "data-binary", "data-urlencode=": "data-urlencode", "json=": "json", "header=": "H", "user=": "u", "user-agent=": "A", "referer=": "e", "cookie=": "b", "write-out=": "w",
    "max-time=": "m", "connect-timeout=": "connect-timeout", "form=": "F", "form-string=": "form-string", "upload-file=": "T", "url=": "url", "max-redirs=": "max-redirs", "retry=": "retry", "retry-delay=": "retry-delay", "output-dir=": "output-dir",
    "create-dirs": "create-dirs", compressed: "compressed", globoff: "g", "no-buffer": "N", "no-progress-meter": "no-progress-meter", "progress-bar": "#", disable: "q", version: "V", "oauth2-bearer=": "oauth2-bearer",
  },
};

class Curl {
  readonly #io: Io;
  readonly #given: Options;
  constructor(io: Io, given: Options) {
    this.#io = io;
    this.#given = given;
  }

  async run(): Promise<number> {
    const given = this.#given;
    // An output belongs to the URL in the same place.
    const outputs = given.given.filter(([name]) => name === "o" || name === "O");
    const urls = [...given.values("url"), ...given.operands];
    if (urls.length === 0) return this.#wrong("no URL specified");
    let status = 0;
    for (const [at, text] of urls.entries()) {
      try {
        status = await this.#one(text, outputs[at] ?? null);
      } catch (error) {
        status = await this.#fault(error);
      }
    }
    await this.#io.flush();
    return status;
  }

  /** A wrong usage is told whatever `-s` says. */
  async #wrong(message: string): Promise<number> {
    await this.#io.err(`curl: ${message}\ncurl: try 'curl --help' or 'curl --manual' for more information\n`);
    return EXIT.usage;
  }
  async #say(status: number, message: string): Promise<number> {
    if (!this.#given.has("s") || this.#given.has("S")) await this.#io.err(`curl: (${status}) ${message}\n`);
    return status;
  }
  async #fault(error: unknown): Promise<number> {
    if (error instanceof TimeoutFault) return this.#say(EXIT.timeout, "Operation timed out");
    if (error instanceof RedirectFault) return this.#say(EXIT.redirects, error.message);
    if (isFetchFault(error)) return this.#say(error.code === "network_limit" ? EXIT.receive : EXIT.connect, error.message);
    if (error instanceof FileError) return this.#say(EXIT.read, `Failed to open/read local data: ${faultOf(error)}`);
    throw error;
  }

  async #one(text: string, output: [name: string, value: string] | null): Promise<number> {
    const given = this.#given;
    if (!given.has("g") && /[{}]|\[(?![0-9a-f:.]+\])/i.test(text)) return this.#say(EXIT.url, "ranges and lists in URLs are not available here: use -g, or a loop");
    const url = webUrl(text);
    if (url === null) return this.#say(EXIT.url, "URL using bad/illegal format or missing URL");
    if (!/^https?:$/.test(url.protocol)) return this.#say(EXIT.protocol, `Protocol "${url.protocol.slice(0, -1)}" not supported or disabled in libcurl`);
    const headers: Fields = [["Accept", "*/*"], ["User-Agent", given.value("A") ?? USER_AGENT]];
    const account = given.value("u") ?? (url.username === "" ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
    url.username = "";
    url.password = "";
    if (account !== undefined) headers.push(["Authorization", basic(account.includes(":") ? account : `${account}:`)]);
    const bearer = given.value("oauth2-bearer");
    if (bearer !== undefined) headers.push(["Authorization", `Bearer ${bearer}`]);
    if (given.has("e")) headers.push(["Referer", given.value("e")!]);
    const cookies = given.values("b");
    if (cookies.some((cookie) => !cookie.includes("="))) return this.#wrong("option -b: cookie files are not available here: give cookies as name=value");
    if (cookies.length > 0) headers.push(["Cookie", cookies.join(";")]);
    const sent = await this.#body(url, headers);
    if (typeof sent === "number") return sent;
    for (const line of given.values("H")) for (const one of line.startsWith("@") ? decode(await content(this.#io, line)).split(/\r?\n/) : [line]) put(headers, one);
    const seconds = given.value("m") ?? given.value("connect-timeout");
    const method = given.value("X") ?? (given.has("I") ? "HEAD" : sent.method);
    const began = Date.now();
    const asked = {
      method, url, headers, body: sent.body, posting: sent.method === "POST", keepMethod: given.has("X"),
      redirectsMax: given.has("L") ? allowed(given.value("max-redirs")) : 0,
      deadline: seconds === undefined ? Infinity : began + Number(seconds) * 1000,
      onRequest: given.has("v") ? (to: URL, how: string, fields: Fields) => this.#io.err(`> ${how} ${to.pathname}${to.search} HTTP/1.1\n> Host: ${to.host}\n${fields.map(([name, value]) => `> ${name}: ${value}\n`).join("")}>\n`) : () => undefined,
    };
    const target = output === null ? null : this.#target(output, url);
    if (target === "") return this.#say(EXIT.write, "Remote file name has no length");
    for (let retry = 0; ; retry += 1) {
      const out = new Output(this.#io, target);
      try {
        const { status, answer, bytes } = await this.#transfer(asked, out);
        if (retry < Number(given.value("retry") ?? 0) && TRANSIENT.has(answer.status)) {
          await this.#io.process.sleep(this.#pause(retry));
          continue;
        }
        await out.close();
        if (given.has("w")) await this.#report(given.value("w")!, { answer, bytes, began, sent: sent.body?.length ?? 0, method, url: text, status });
        return status;
      } finally {
        out.release();
      }
    }
  }
  #pause(retry: number): number {
    const wanted = this.#given.value("retry-delay");
    return wanted === undefined ? Math.min(RETRY_WAIT_MS_MAX, RETRY_WAIT_MS * 2 ** retry) : Number(wanted) * 1000;
  }

  /** What is sent, its method, and what it adds to the headers and the URL. */
  async #body(url: URL, headers: Fields): Promise<{ method: string; body: Uint8Array | null } | number> {
    const given = this.#given;
    const forms = given.given.filter(([name]) => name === "F" || name === "form-string").map(([, value]) => value);
    const fields = given.given.filter(([name]) => DATA.includes(name));
    if (forms.length > 0 && fields.length > 0) return this.#say(EXIT.usage, "You can only select one HTTP request method! You asked for both POST (-d, --data) and multipart formpost (-F, --form).");
    if (given.has("T")) {
      const name = given.value("T")!;
      if (url.pathname.endsWith("/") && name !== "-") url.pathname += encodeURIComponent(name.split("/").at(-1)!);
      return { method: "PUT", body: await this.#io.bytes(this.#io.open(name)) };
    }
    if (forms.length > 0) {
      const made = await multipart(this.#io, forms);
      if (made === null) return this.#wrong("option -F: is badly used here");
      headers.push(["Content-Type", made.type]);
      return { method: "POST", body: made.body };
    }
    const body = await data(this.#io, fields);
    if (body === null) return { method: "GET", body: null };
    if (given.has("G", "I")) {
      url.search = url.search === "" ? `?${decode(body)}` : `${url.search}&${decode(body)}`;
      return { method: "GET", body: null };
    }
    headers.push(["Content-Type", given.has("json") ? "application/json" : "application/x-www-form-urlencoded"]);
    if (given.has("json")) put(headers, "Accept: application/json");
    return { method: "POST", body };
  }

  #target([name, value]: [name: string, value: string], url: URL): string | null {
    if (name === "o" && value === "-") return null;
    const folder = this.#given.value("output-dir");
    const file = name === "o" ? value : decodeURIComponent(url.pathname.split("/").at(-1)!).replaceAll("/", "");
    return file === "" || folder === undefined ? file : `${folder}/${file}`;
  }

  async #transfer(asked: Parameters<typeof exchange>[1], out: Output): Promise<{ status: number; answer: Answer; bytes: number }> {
    const given = this.#given;
    const dump = given.value("D");
    const dumped = dump === undefined ? null : new Output(this.#io, dump === "-" ? null : dump);
    const answer = await exchange(this.#io, {
      ...asked,
      onAnswer: async (said) => {
        const head = heading(said);
        if (given.has("v")) await this.#io.err(head.replaceAll("\r\n", "\n").replace(/^/gm, "< ").replace(/< $/, ""));
        if (given.has("i", "I")) await out.write(encode(head));
        await dumped?.write(encode(head));
      },
    });
    await dumped?.close();
    const failed = answer.status >= 400 && given.has("f", "fail-with-body");
    if (failed && !given.has("fail-with-body")) answer.cancel();
    else {
      if (given.has("create-dirs")) out.makeFolders();
      for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) await out.write(chunk);
      // An empty answer leaves an empty file.
      await out.write(new Uint8Array(0));
    }
    return { status: failed ? await this.#say(EXIT.status, `The requested URL returned error: ${answer.status}`) : 0, answer, bytes: out.bytes };
  }

  async #report(format: string, told: { answer: Answer; bytes: number; began: number; sent: number; method: string; url: string; status: number }): Promise<void> {
    const { answer } = told;
    const took = ((Date.now() - told.began) / 1000).toFixed(6);
    const values: Readonly<Record<string, string>> = {
      http_code: String(answer.status).padStart(3, "0"), response_code: String(answer.status).padStart(3, "0"), http_version: "1.1", url_effective: answer.url.href, url: told.url, scheme: answer.url.protocol.slice(0, -1).toUpperCase(), method: told.method,
      content_type: field(answer.headers, "content-type") ?? "", size_download: String(told.bytes), size_upload: String(told.sent), num_redirects: String(answer.redirects), redirect_url: this.#given.has("L") ? "" : (answer.location?.href ?? ""),
      time_total: took, time_starttransfer: took, exitcode: String(told.status), errormsg: told.status === 0 ? "" : `The requested URL returned error: ${answer.status}`, onerror: "",
      header_json: JSON.stringify(Object.fromEntries(answer.headers.map(([name]) => [name, answer.headers.filter(([other]) => other === name).map(([, value]) => value)]))),
    };
    const text = format.startsWith("@") ? decode(await content(this.#io, format)) : format;
    for (const [, name] of text.matchAll(/%\{(\w+)\}/g)) if (!(name! in values) && name !== "stderr" && name !== "stdout") await this.#io.err(`curl: unknown --write-out variable: '${name}'\n`);
    const [front, ...later] = text.replace(/\\([nrt\\])/g, (_, letter: string) => ({ n: "\n", r: "\r", t: "\t", "\\": "\\" })[letter]!).split("%{stderr}");
    const filled = (part: string): string => part.replace(/%\{header\{([^}]*)\}\}|%\{(\w+)\}|%%/g, (all, header?: string, name?: string) => (all === "%%" ? "%" : header === undefined ? (values[name!] ?? "") : (field(answer.headers, header.toLowerCase()) ?? "")));
    await this.#io.write(encode(filled(front!)));
    if (later.length > 0) await this.#io.err(filled(later.join("")));
  }
}

/** Where an answer goes; its file is made when something is written. */
class Output {
  readonly #io: Io;
  readonly #name: string | null;
  #stream: Stream | null = null;
  bytes = 0;
  /** @param name null is the standard output. */
  constructor(io: Io, name: string | null) {
    this.#io = io;
    this.#name = name;
  }
  makeFolders(): void {
    const path = this.#io.path(this.#name ?? "");
    makeFolders(this.#io.fs, path.slice(0, path.lastIndexOf("/")));
  }
  async write(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    if (this.#name === null) return bytes.length === 0 ? undefined : this.#io.write(bytes);
    this.#stream ??= this.#io.machine.open(this.#io.path(this.#name), "write", this.#io.fds);
    await this.#stream.write(this.#io.process, bytes);
  }
  async close(): Promise<void> {
    await this.#io.flush();
    this.release();
  }
  release(): void {
    this.#stream?.release();
    this.#stream = null;
  }
}

/** `Name: value` replaces, `Name:` removes, `Name;` has no value. */
function put(headers: Fields, line: string): void {
  const match = /^([^:;\s]+)(?::[ \t]*(.*?)|;)[ \t]*$/s.exec(line);
  if (match === null) return;
  const [, name, value] = match;
  const others = headers.filter(([given]) => given.toLowerCase() !== name!.toLowerCase());
  headers.splice(0, headers.length, ...others);
  if (value !== "") headers.push([name!, value ?? ""]);
}
const allowed = (text: string | undefined): number => (text === undefined ? REDIRECTS_MAX : Number(text) < 0 ? Infinity : Number(text));
const heading = ({ status, reason, headers }: Answer): string => `HTTP/1.1 ${status} ${reason}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;

export const curl: Program = async (io) => {
  const given = await options(io, SPEC);
  if (given === null) return EXIT.usage;
  if (given.has("V")) {
    io.out(`${VERSION} (HTTP and HTTPS, by this service's own client)\nProtocols: http https\n`);
    await io.flush();
    return 0;
  }
  for (const name of ["m", "connect-timeout", "max-redirs", "retry", "retry-delay"]) {
    const value = given.value(name);
    if (value !== undefined && !/^-?\d+(\.\d+)?$/.test(value)) return io.fail(`option ${name.length === 1 ? "-" : "--"}${name}: expected a proper numerical parameter`, EXIT.usage);
  }
  return new Curl(io, given).run();
};
