/**
 * wget, for HTTP and one document at a time: its everyday options and its exit codes. An option that is not here is an error by name.
 * It says one line about each document, as with -nv.
 */
import { decode, encode } from "../../bytes.js";
import { faultOf, FileError, makeFolders } from "../../files.js";
import type { Io, Program } from "../../machine.js";
import { type Options, options } from "../options.js";
import { basic, exchange, type Fields, isFetchFault, RedirectFault, TimeoutFault, webUrl } from "./exchange.js";

const USER_AGENT = "Wget/1.21.4";
const REDIRECTS_MAX = 20;
const TIMEOUT_S = 900;

/** wget's own exit codes. */
const EXIT = { usage: 2, file: 3, network: 4, response: 8 };

/** @param begun the file of `-O` once something is in it: it gathers all documents. */
async function fetchOne(io: Io, given: Options, text: string, begun: Set<string>): Promise<number> {
  const url = webUrl(text);
  const say = async (message: string): Promise<void> => { if (!given.has("q")) await io.err(message); };
  if (url === null || !/^https?:$/.test(url.protocol)) {
    await say(`${text}: Unsupported scheme or invalid URL.\n`);
    return 1;
  }
  const headers: Fields = [["Accept", "*/*"], ["User-Agent", given.value("U") ?? USER_AGENT]];
  for (const line of given.values("header")) {
    const at = line.indexOf(":");
    if (at > 0) headers.push([line.slice(0, at).trim(), line.slice(at + 1).trim()]);
  }
  const user = given.value("user") ?? url.username;
  if (user !== "") headers.push(["Authorization", basic(`${user}:${given.value("password") ?? url.password}`)]);
  url.username = "";
  url.password = "";
  const target = targetOf(io, given, url);
  if (target === null) {
    await say(`File '${nameOf(given, url)}' already there; not retrieving.\n`);
    return 1;
  }
  try {
    const body = await bodyOf(io, given);
    if (body !== null) headers.push(["Content-Type", "application/x-www-form-urlencoded"]);
    const method = given.value("method")?.toUpperCase() ?? (given.has("spider") ? "HEAD" : body === null ? "GET" : "POST");
    const answer = await exchange(io, {
      url, headers, method, body, posting: method === "POST", keepMethod: false, redirectsMax: Number(given.value("max-redirect") ?? REDIRECTS_MAX), deadline: Date.now() + Number(given.value("T") ?? TIMEOUT_S) * 1000,
      onAnswer: ({ status, reason, headers: fields }) => (given.has("S") ? io.err(`  HTTP/1.1 ${status} ${reason}\n${fields.map(([name, value]) => `  ${name}: ${value}\n`).join("")}`) : undefined),
    });
    const failed = answer.status >= 400 || answer.location !== null;
    if (failed) await say(`${stamp()} ERROR ${answer.status}: ${answer.reason}.\n`);
    if (given.has("spider") || (failed && !given.has("content-on-error"))) {
      answer.cancel();
      if (!failed) await say(`${stamp()} URL: ${answer.url.href} ${answer.status} ${answer.reason}\n`);
      return failed ? EXIT.response : 0;
    }
    const stream = target === "-" ? null : io.machine.open(io.path(target), begun.has(target) ? "append" : "write", io.fds);
    begun.add(target);
    let bytes = 0;
    try {
      for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read()) {
        bytes += chunk.length;
        await (stream === null ? io.write(chunk) : stream.write(io.process, chunk));
      }
    } finally {
      stream?.release();
    }
    await say(`${stamp()} URL:${answer.url.href} [${bytes}] -> "${target}" [1]\n`);
    return failed ? EXIT.response : 0;
  } catch (error) {
    if (error instanceof FileError) await say(`${target}: ${faultOf(error)}\n`);
    else if (error instanceof RedirectFault) await say(`${error.message.replace(/^Maximum \((\d+)\) redirects followed$/, "$1 redirections exceeded.")}\n`);
    else if (error instanceof TimeoutFault) await say("Read error (Connection timed out) in headers.\n");
    else if (isFetchFault(error)) await say(`failed: ${error.message}\n`);
    else throw error;
    return error instanceof FileError ? EXIT.file : error instanceof RedirectFault ? EXIT.response : EXIT.network;
  }
}
async function bodyOf(io: Io, given: Options): Promise<Uint8Array | null> {
  const text = given.value("post-data") ?? given.value("body-data");
  const file = given.value("post-file") ?? given.value("body-file");
  return text !== undefined ? encode(text) : file !== undefined ? io.bytes(io.open(file)) : null;
}
const nameOf = (given: Options, url: URL): string => {
  const last = decodeURIComponent(url.pathname.split("/").at(-1)!).replaceAll("/", "%2F");
  return (given.has("P") ? `${given.value("P")}/` : "") + (last === "" ? "index.html" : last) + url.search;
};
/** The file to write; null when it is there and shall stay. One that is there is not written over: `name.1`. */
function targetOf(io: Io, given: Options, url: URL): string | null {
  const wanted = given.value("O");
  if (wanted !== undefined) return wanted;
  const folder = given.value("P");
  if (folder !== undefined) makeFolders(io.fs, io.path(folder));
  const name = nameOf(given, url);
  if (!exists(io, name)) return name;
  if (given.has("nc")) return null;
  for (let number = 1; ; number += 1) if (!exists(io, `${name}.${number}`)) return `${name}.${number}`;
}
function exists(io: Io, name: string): boolean {
  try {
    io.fs.stat(io.path(name));
    return true;
  } catch {
    return false;
  }
}
const stamp = (): string => new Date().toISOString().slice(0, 19).replace("T", " ");

export const wget: Program = async (io) => {
  // -nv and -nc are one option of two letters each.
  const args = io.args.flatMap((arg) => (arg === "-nv" ? ["--no-verbose"] : arg === "-nc" ? ["--no-clobber"] : [arg]));
  const given = await options(io, {
    short: "qSO:P:U:T:t:i:V",
    long: {
      quiet: "q", "no-verbose": "nv", "server-response": "S", "output-document=": "O", "directory-prefix=": "P", "user-agent=": "U", "timeout=": "T", "tries=": "t", "input-file=": "i", "no-clobber": "nc", "header=": "header", "user=": "user", "password=": "password",
      "post-data=": "post-data", "post-file=": "post-file", "method=": "method", "body-data=": "body-data", "body-file=": "body-file", "max-redirect=": "max-redirect", "content-on-error": "content-on-error", spider: "spider", version: "V", "show-progress": "show-progress", "progress=": "progress",
    },
  }, args);
  if (given === null) return EXIT.usage;
  if (given.has("V")) {
    io.out("GNU Wget 1.21.4 (HTTP and HTTPS, by this service's own client)\n");
    await io.flush();
    return 0;
  }
  const listed = given.value("i");
  const urls = [...given.operands];
  if (listed !== undefined) urls.push(...decode(await io.bytes(io.open(listed))).split("\n").map((line) => line.trim()).filter((line) => line !== ""));
  if (urls.length === 0) {
    await io.err("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n");
    return 1;
  }
  const begun = new Set<string>();
  let status = 0;
  // The smallest code but 0 is the one that counts, as in wget.
  for (const url of urls) {
    const said = await fetchOne(io, given, url, begun);
    status = status === 0 || said === 0 ? Math.max(status, said) : Math.min(status, said);
  }
  await io.flush();
  return status;
};
