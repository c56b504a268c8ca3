/** A given file system as the interpreter wants it. Every promise here is settled when it is made: the files are there at once. */
import type { FileSystem, Stat } from "./files.js";

type Encoding = string | { encoding?: string | null } | undefined;
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const nameOf = (options: Encoding): string => ((typeof options === "string" ? options : options?.encoding) ?? "utf8").toLowerCase();

const latin1 = (bytes: Uint8Array): string => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
};
function bytesOf(content: string | Uint8Array, options: Encoding): Uint8Array {
  if (typeof content !== "string") return content;
  const encoding = nameOf(options);
  return encoding === "binary" || encoding === "latin1" ? Uint8Array.from(content, (char) => char.charCodeAt(0)) : encoder.encode(content);
}

// Where files have no numbers, two of them must not look like one.
const described = ({ kind, mode, size, mtimeMs, ino }: Stat) => ({ ...(ino > 0 ? { ino, dev: 1 } : {}), isFile: kind === "file", isDirectory: kind === "directory", isSymbolicLink: kind === "link", mode, size, mtime: new Date(mtimeMs) });

export class Mounted {
  readonly #fs: FileSystem;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  #read(path: string): Uint8Array {
    if (this.#fs.stat(path).kind === "directory") throw Object.assign(new Error(`EISDIR: illegal operation on a directory, read '${path}'`), { code: "EISDIR" });
    const content = this.#fs.open(path, {});
    return content.read(0, content.size()).slice();
  }
  #write(path: string, bytes: Uint8Array, append: boolean): void {
    const content = this.#fs.open(path, { create: true, truncate: !append, mode: 0o644 });
    content.write(append ? content.size() : 0, bytes);
  }
  #there(path: string): boolean {
    try { this.#fs.lstat(path); return true; } catch { return false; }
  }

  async readFile(path: string, options?: Encoding): Promise<string> {
    const encoding = nameOf(options);
    const bytes = this.#read(path);
    return encoding === "binary" || encoding === "latin1" ? latin1(bytes) : decoder.decode(bytes);
  }
  async readFileBytes(path: string): Promise<string> { return latin1(this.#read(path)); }
  async readFileBuffer(path: string): Promise<Uint8Array> { return this.#read(path); }
  async writeFile(path: string, content: string | Uint8Array, options?: Encoding): Promise<void> { this.#write(path, bytesOf(content, options), false); }
  async appendFile(path: string, content: string | Uint8Array, options?: Encoding): Promise<void> { this.#write(path, bytesOf(content, options), true); }
  async exists(path: string): Promise<boolean> { try { this.#fs.stat(path); return true; } catch { return false; } }
  async stat(path: string) { return described(this.#fs.stat(path)); }
  async lstat(path: string) { return described(this.#fs.lstat(path)); }
  async mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    if (options?.recursive !== true) { this.#fs.mkdir(path, 0o755); return; }
    let folder = "";
    for (const name of path.split("/").filter(Boolean)) {
      folder += `/${name}`;
      if (!this.#there(folder)) this.#fs.mkdir(folder, 0o755);
    }
  }
  async readdir(path: string): Promise<string[]> { return this.#fs.readdir(path).sort(); }
  async rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    if (options?.force === true && !this.#there(path)) return;
    if (this.#fs.lstat(path).kind !== "directory") { this.#fs.unlink(path); return; }
    if (options?.recursive === true) for (const name of this.#fs.readdir(path)) await this.rm(`${path}/${name}`, options);
    this.#fs.rmdir(path);
  }
  async cp(from: string, to: string, options?: { recursive?: boolean }): Promise<void> {
    if (this.#fs.stat(from).kind !== "directory") { this.#write(to, this.#read(from), false); return; }
    if (options?.recursive !== true) throw Object.assign(new Error(`EISDIR: is a directory, cp '${from}'`), { code: "EISDIR" });
    await this.mkdir(to, { recursive: true });
    for (const name of this.#fs.readdir(from)) await this.cp(`${from}/${name}`, `${to}/${name}`, options);
  }
  async mv(from: string, to: string): Promise<void> { this.#fs.rename(from, to); }
  resolvePath(base: string, path: string): string {
    const parts: string[] = [];
    for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    return `/${parts.join("/")}`;
  }
  getAllPaths(): string[] { return []; }
  async chmod(path: string, mode: number): Promise<void> { this.#fs.chmod(path, mode); }
  async symlink(target: string, path: string): Promise<void> { this.#fs.symlink(target, path); }
  async link(from: string, to: string): Promise<void> { this.#fs.link(from, to); }
  async readlink(path: string): Promise<string> { return this.#fs.readlink(path); }
  async realpath(path: string): Promise<string> { return this.#fs.realpath(path); }
  async utimes(path: string, _: Date, mtime: Date): Promise<void> { this.#fs.utimes(path, mtime.getTime()); }
}
