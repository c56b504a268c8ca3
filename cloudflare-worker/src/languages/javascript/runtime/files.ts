/** node:fs over the isolate's virtual file system: the session's files at the working directory, and what became of them afterwards. */
import { base64, nameMap, sameBytes, sha256 } from "../../../isolate/digest.js";
import { exec, keys, stringify, toWellFormed, uncurryThis } from "../../../isolate/primordials.js";
import { ARTIFACTS_COUNT_MAX, FILE_NAME_CHARS_MAX } from "../../../limits.js";
import { SESSION_ROOT } from "../resolve.js";
import { type Builtin, native } from "./native.js";
import type { Stdin } from "./stdin.js";

const DEPTH_MAX = 64;
const UNSAYABLE = /[\u0000-\u001f\u007f\\\u2028\u2029]|(^|\/)__proto__(\/|$)/;
const sort = uncurryThis(Array.prototype.sort);

/** The runtime takes paths for URLs and lists names as those spell them: `a b` as `a%20b`. */
function spelled(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** What `readdir` gives, with names as the program wrote them. */
function spelledAll(listed: unknown): unknown {
  if (!Array.isArray(listed)) return listed;
  for (let at = 0; at < listed.length; at += 1) {
    if (typeof listed[at] === "string") listed[at] = spelled(listed[at]);
    else if (typeof listed[at]?.name === "string") listed[at].name = spelled(listed[at].name);
  }
  return listed;
}

export class Files {
  readonly #fs = native.getBuiltinModule("node:fs") as Builtin;
  // Taken before user code, which may patch the module's object and the prototypes.
  readonly #readdir = this.#fs.readdirSync as (path: string) => string[];
  readonly #lstat = this.#fs.lstatSync as (path: string) => { isDirectory(): boolean; isFile(): boolean; size: number };
  readonly #read = this.#fs.readFileSync as (path: string) => Uint8Array;
  readonly #isDirectory: (stat: object) => boolean;
  readonly #isFile: (stat: object) => boolean;
  readonly #before = nameMap<Uint8Array>();
  readonly #found = nameMap<Uint8Array>();

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#fs.mkdirSync(SESSION_ROOT, { recursive: true });
    const { isDirectory, isFile } = this.#lstat(SESSION_ROOT);
    this.#isDirectory = uncurryThis(isDirectory);
    this.#isFile = uncurryThis(isFile);
    for (const [name, bytes] of files) {
      const slash = name.lastIndexOf("/");
      if (slash > 0) this.#fs.mkdirSync(`${SESSION_ROOT}/${name.slice(0, slash)}`, { recursive: true });
      this.#fs.writeFileSync(`${SESSION_ROOT}/${name}`, bytes);
      this.#before[name] = bytes;
    }
    native.chdir(SESSION_ROOT);
  }

  /** The module as the program sees it: descriptors 0, 1 and 2 are the program's streams. */
  facade(stdin: Stdin, write: (stream: "stdout" | "stderr", text: string) => void): Builtin {
    const fs = this.#fs;
    const textOf = (data: unknown): string => (typeof data === "string" ? data : (native.getBuiltinModule("node:buffer") as Builtin).Buffer.from(data).toString());
    const outputOf = (path: unknown): "stdout" | "stderr" | null => (path === 1 || path === "/dev/stdout" ? "stdout" : path === 2 || path === "/dev/stderr" ? "stderr" : null);
    const input = (options: unknown): unknown => {
      const text = stdin.all();
      if (text === null) throw Object.assign(new Error("EAGAIN: standard input is interactive here; read it with prompt() or process.stdin"), { code: "EAGAIN", syscall: "read" });
      const encoding = typeof options === "string" ? options : (options as Builtin | undefined)?.encoding;
      const bytes = (native.getBuiltinModule("node:buffer") as Builtin).Buffer.from(text);
      return encoding ? bytes.toString(encoding) : bytes;
    };
    const isInput = (path: unknown) => path === 0 || path === "/dev/stdin";
    const facade: Builtin = { ...fs };
    facade.readFileSync = (path: unknown, options?: unknown) => (isInput(path) ? input(options) : fs.readFileSync(path, options));
    facade.writeSync = (fd: unknown, data: unknown, ...rest: unknown[]) => {
      const stream = outputOf(fd);
      if (stream === null) return fs.writeSync(fd, data, ...rest);
      write(stream, textOf(data));
      return (native.getBuiltinModule("node:buffer") as Builtin).Buffer.byteLength(data);
    };
    for (const method of ["writeFileSync", "appendFileSync"]) {
      facade[method] = (path: unknown, data: unknown, options?: unknown) => {
        const stream = outputOf(path);
        if (stream === null) return fs[method](path, data, options);
        write(stream, textOf(data));
      };
    }
    facade.readFile = (path: unknown, ...rest: unknown[]) => {
      if (!isInput(path)) return fs.readFile(path, ...rest);
      const callback = rest.at(-1) as (error: unknown, data?: unknown) => void;
      let data: unknown;
      try { data = input(rest.length > 1 ? rest[0] : undefined); } catch (error) { queueMicrotask(() => callback(error)); return; }
      queueMicrotask(() => callback(null, data));
    };
    facade.readdirSync = (...given: unknown[]) => spelledAll(fs.readdirSync(...given));
    facade.readdir = (path: unknown, ...rest: unknown[]) => {
      const callback = rest.pop() as (error: unknown, listed?: unknown) => void;
      fs.readdir(path, ...rest, (error: unknown, listed: unknown) => callback(error, spelledAll(listed)));
    };
    facade.promises = { ...fs.promises, readdir: async (...given: unknown[]) => spelledAll(await fs.promises.readdir(...given)), readFile: async (path: unknown, options?: unknown) => (isInput(path) ? input(options) : fs.promises.readFile(path, options)) };
    return facade;
  }

  /** All files, as they were when the artifacts were listed. */
  all(): ReadonlyMap<string, Uint8Array> {
    return new Map(Object.entries(this.#found));
  }

  /** What was created, changed or deleted below the working directory, as JSON text. */
  artifacts(bytesMax: number): string {
    const seen = nameMap<true>();
    let out = "";
    let count = 0;
    let room = bytesMax;
    const add = (json: string) => {
      if (count >= ARTIFACTS_COUNT_MAX) return;
      out += (count === 0 ? "" : ",") + json;
      count += 1;
    };
    const visit = (folder: string, depth: number): void => {
      const names = this.#readdir(folder === "" ? SESSION_ROOT : `${SESSION_ROOT}/${folder}`);
      for (let at = 0; at < names.length; at += 1) names[at] = spelled(names[at] as string);
      sort(names);
      for (let at = 0; at < names.length; at += 1) {
        const name = folder === "" ? (names[at] as string) : `${folder}/${names[at]}`;
        const path = `${SESSION_ROOT}/${name}`;
        const stat = this.#lstat(path);
        if (this.#isDirectory(stat)) {
          if (depth < DEPTH_MAX) visit(name, depth + 1);
          continue;
        }
        // A name that the host would refuse cannot be told to it.
        if (!this.#isFile(stat) || name.length > FILE_NAME_CHARS_MAX || exec(UNSAYABLE, name) !== null || toWellFormed(name) !== name) continue;
        seen[name] = true;
        const bytes = this.#read(path);
        this.#found[name] = bytes;
        const before = this.#before[name];
        if (before !== undefined && sameBytes(before, bytes)) continue;
        const fits = bytes.length <= room;
        if (fits) room -= bytes.length;
        const content = fits ? `,"base64":"${base64(bytes)}"` : "";
        add(`{"name":${stringify(name)},"change":"${before === undefined ? "created" : "changed"}","size":${bytes.length},"digest":"${sha256(bytes)}"${content}}`);
      }
    };
    visit("", 0);
    const known = keys(this.#before);
    for (let at = 0; at < known.length; at += 1) {
      const name = known[at] as string;
      if (seen[name] !== true) add(`{"name":${stringify(name)},"change":"deleted","size":${(this.#before[name] as Uint8Array).length},"digest":"${sha256(this.#before[name] as Uint8Array)}"}`);
    }
    return `[${out}]`;
  }
}
