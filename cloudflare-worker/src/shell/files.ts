/**
 * The file system a shell works on, as an interface, and the one that lives in memory. It is synchronous: nothing in it waits.
 * Whoever has other files (Node's, Emscripten's) gives an object of the same shape. Devices are not here; see streams.ts.
 */
export type FileKind = "file" | "directory" | "link";

export interface Stat {
  kind: FileKind;
  mode: number;
  size: number;
  mtimeMs: number;
  ino: number;
  nlink: number;
}

/** An open file's content: it outlives its name. */
export interface Content {
  size(): number;
  /** Up to `length` bytes; the caller must not keep the view. */
  read(position: number, length: number): Uint8Array;
  write(position: number, bytes: Uint8Array): void;
  truncate(size: number): void;
}

export interface OpenHow {
  create?: boolean;
  truncate?: boolean;
  exclusive?: boolean;
  mode?: number;
}

/** All paths are absolute. Faults are FileErrors. */
export interface FileSystem {
  stat(path: string): Stat;
  lstat(path: string): Stat;
  readdir(path: string): string[];
  readlink(path: string): string;
  realpath(path: string): string;
  open(path: string, how: OpenHow): Content;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  rename(from: string, to: string): void;
  symlink(target: string, path: string): void;
  link(from: string, to: string): void;
  chmod(path: string, mode: number): void;
  utimes(path: string, mtimeMs: number): void;
}

export const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory", ENOTDIR: "Not a directory", EISDIR: "Is a directory", EEXIST: "File exists", ENOTEMPTY: "Directory not empty", ELOOP: "Too many levels of symbolic links",
  ENOSPC: "No space left on device", EACCES: "Permission denied", EINVAL: "Invalid argument", EXDEV: "Invalid cross-device link", EPERM: "Operation not permitted", EBADF: "Bad file descriptor", ENAMETOOLONG: "File name too long", EBUSY: "Device or resource busy", EPIPE: "Broken pipe",
};

export class FileError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(FAULTS[code] ?? code);
    this.code = code;
  }
}

/** What people read about a fault of whichever file system. */
export function faultOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && FAULTS[code] !== undefined) return FAULTS[code];
  throw error;
}

const LINKS_MAX = 40;
const NAME_CHARS_MAX = 255;
const NODE_BYTES = 256;

interface Node {
  ino: number;
  mode: number;
  mtimeMs: number;
  nlink: number;
  entries?: Map<string, Node>;
  target?: string;
  data: Uint8Array;
  size: number;
}

export class MemoryFiles implements FileSystem {
  readonly #root: Node;
  readonly #bytesMax: number;
  #bytes = 0;
  #ino = 1;
  readonly #now: () => number;

  constructor(bytesMax = Number.POSITIVE_INFINITY, now: () => number = Date.now) {
    this.#bytesMax = bytesMax;
    this.#now = now;
    this.#root = this.#node(0o755, new Map());
  }

  #node(mode: number, entries?: Map<string, Node>): Node {
    this.#spend(NODE_BYTES);
    const node: Node = { ino: this.#ino++, mode, mtimeMs: this.#now(), nlink: 1, data: new Uint8Array(0), size: 0 };
    if (entries !== undefined) node.entries = entries;
    return node;
  }

  #spend(bytes: number): void {
    if (bytes > 0 && this.#bytes + bytes > this.#bytesMax) throw new FileError("ENOSPC");
    this.#bytes += bytes;
  }

  /** The folder and the last name of a path, links in between followed. */
  #locate(path: string, follow: boolean, links = 0): { parent: Node; name: string; node: Node | undefined; path: string } {
    if (links > LINKS_MAX) throw new FileError("ELOOP");
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    const trail: { node: Node; name: string }[] = [];
    let node = this.#root;
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at]!;
      if (node.entries === undefined) throw new FileError("ENOTDIR");
      if (name.length > NAME_CHARS_MAX) throw new FileError("ENAMETOOLONG");
      if (name === "..") {
        trail.pop();
        node = trail.at(-1)?.node ?? this.#root;
        continue;
      }
      const last = at === names.length - 1;
      const next: Node | undefined = node.entries.get(name);
      const here = (): string => `/${trail.map((step) => step.name).join("/")}`;
      if (next === undefined) {
        if (!last) throw new FileError("ENOENT");
        return { parent: node, name, node: undefined, path: `${here().replace(/\/$/, "")}/${name}` };
      }
      if (next.target !== undefined && (!last || follow)) {
        const rest = names.slice(at + 1).join("/");
        const base = next.target.startsWith("/") ? next.target : `${here()}/${next.target}`;
        return this.#locate(rest === "" ? base : `${base}/${rest}`, follow, links + 1);
      }
      if (last) return { parent: node, name, node: next, path: `${here().replace(/\/$/, "")}/${name}` };
      trail.push({ node: next, name });
      node = next;
    }
    return { parent: trail.at(-2)?.node ?? this.#root, name: trail.at(-1)?.name ?? "", node, path: `/${trail.map((step) => step.name).join("/")}` };
  }

  #get(path: string, follow: boolean): Node {
    const { node } = this.#locate(path, follow);
    if (node === undefined) throw new FileError("ENOENT");
    if (path.endsWith("/") && node.entries === undefined) throw new FileError("ENOTDIR");
    return node;
  }

  #stat(node: Node): Stat {
    const kind = node.entries !== undefined ? "directory" : node.target !== undefined ? "link" : "file";
    const size = kind === "directory" ? 4096 : kind === "link" ? node.target!.length : node.size;
    return { kind, mode: node.mode, size, mtimeMs: node.mtimeMs, ino: node.ino, nlink: kind === "directory" ? 2 + [...node.entries!.values()].filter((entry) => entry.entries !== undefined).length : node.nlink };
  }

  stat(path: string): Stat {
    return this.#stat(this.#get(path, true));
  }
  lstat(path: string): Stat {
    return this.#stat(this.#get(path, path.endsWith("/")));
  }
  readdir(path: string): string[] {
    const { entries } = this.#get(path, true);
    if (entries === undefined) throw new FileError("ENOTDIR");
    return [...entries.keys()];
  }
  readlink(path: string): string {
    const { target } = this.#get(path, false);
    if (target === undefined) throw new FileError("EINVAL");
    return target;
  }
  realpath(path: string): string {
    this.#get(path, true);
    return this.#locate(path, true).path;
  }

  open(path: string, how: OpenHow): Content {
    const found = this.#locate(path, true);
    let { node } = found;
    if (node === undefined) {
      if (how.create !== true) throw new FileError("ENOENT");
      if (path.endsWith("/")) throw new FileError("EISDIR");
      node = this.#node(how.mode ?? 0o644);
      this.#enter(found.parent, found.name, node);
    } else if (how.exclusive === true) throw new FileError("EEXIST");
    if (node.entries !== undefined) throw new FileError("EISDIR");
    const content = this.#content(node);
    if (how.truncate === true) content.truncate(0);
    return content;
  }

  #content(node: Node): Content {
    return {
      size: () => node.size,
      read: (position, length) => node.data.subarray(Math.min(position, node.size), Math.min(position + length, node.size)),
      write: (position, bytes) => {
        const end = position + bytes.length;
        if (end > node.size) this.#spend(end - node.size);
        if (end > node.data.length) {
          const grown = new Uint8Array(Math.max(end, Math.min(node.data.length * 2, node.data.length + 16_777_216), 64));
          grown.set(node.data.subarray(0, node.size));
          node.data = grown;
        }
        if (position > node.size) node.data.fill(0, node.size, position);
        node.data.set(bytes, position);
        node.size = Math.max(node.size, end);
        node.mtimeMs = this.#now();
      },
      truncate: (size) => {
        this.#spend(size - node.size);
        if (size > node.data.length) {
          const grown = new Uint8Array(size);
          grown.set(node.data.subarray(0, node.size));
          node.data = grown;
        } else if (size > node.size) node.data.fill(0, node.size, size);
        else if (size === 0) node.data = new Uint8Array(0);
        node.size = size;
        node.mtimeMs = this.#now();
      },
    };
  }

  #enter(parent: Node, name: string, node: Node): void {
    parent.entries!.set(name, node);
    parent.mtimeMs = this.#now();
  }
  #leave(parent: Node, name: string, node: Node): void {
    parent.entries!.delete(name);
    parent.mtimeMs = this.#now();
    node.nlink -= 1;
    if (node.nlink <= 0) this.#spend(-(node.size + NODE_BYTES));
  }

  mkdir(path: string, mode: number): void {
    const found = this.#locate(path, true);
    if (found.node !== undefined) throw new FileError("EEXIST");
    this.#enter(found.parent, found.name, this.#node(mode, new Map()));
  }
  rmdir(path: string): void {
    const { parent, name, node } = this.#locate(path, false);
    if (node === undefined) throw new FileError("ENOENT");
    if (node.entries === undefined) throw new FileError("ENOTDIR");
    if (node === this.#root) throw new FileError("EBUSY");
    if (node.entries.size > 0) throw new FileError("ENOTEMPTY");
    this.#leave(parent, name, node);
  }
  unlink(path: string): void {
    const { parent, name, node } = this.#locate(path, false);
    if (node === undefined) throw new FileError("ENOENT");
    if (node.entries !== undefined) throw new FileError("EISDIR");
    this.#leave(parent, name, node);
  }
  rename(from: string, to: string): void {
    const source = this.#locate(from, false);
    if (source.node === undefined) throw new FileError("ENOENT");
    const goal = this.#locate(to, false);
    if (goal.node === source.node) return;
    if (source.node.entries !== undefined && `${goal.path}/`.startsWith(`${source.path}/`)) throw new FileError("EINVAL");
    if (goal.node !== undefined) {
      if (goal.node.entries !== undefined) {
        if (source.node.entries === undefined) throw new FileError("EISDIR");
        if (goal.node.entries.size > 0) throw new FileError("ENOTEMPTY");
      } else if (source.node.entries !== undefined) throw new FileError("ENOTDIR");
      this.#leave(goal.parent, goal.name, goal.node);
    }
    source.parent.entries!.delete(source.name);
    source.parent.mtimeMs = this.#now();
    this.#enter(goal.parent, goal.name, source.node);
  }
  symlink(target: string, path: string): void {
    const found = this.#locate(path, false);
    if (found.node !== undefined) throw new FileError("EEXIST");
    const node = this.#node(0o777);
    node.target = target;
    this.#enter(found.parent, found.name, node);
  }
  link(from: string, to: string): void {
    const node = this.#get(from, false);
    if (node.entries !== undefined) throw new FileError("EPERM");
    const goal = this.#locate(to, false);
    if (goal.node !== undefined) throw new FileError("EEXIST");
    node.nlink += 1;
    this.#enter(goal.parent, goal.name, node);
  }
  chmod(path: string, mode: number): void {
    this.#get(path, true).mode = mode & 0o7777;
  }
  utimes(path: string, mtimeMs: number): void {
    this.#get(path, true).mtimeMs = mtimeMs;
  }
}

/** Writes a whole file, and the folders it lies in. */
export function place(fs: FileSystem, path: string, bytes: Uint8Array, mode = 0o644): void {
  makeFolders(fs, path.slice(0, path.lastIndexOf("/")));
  fs.open(path, { create: true, truncate: true, mode }).write(0, bytes);
}
export function makeFolders(fs: FileSystem, path: string, mode = 0o755): void {
  let made = "";
  for (const name of path.split("/")) {
    if (name === "") continue;
    made += `/${name}`;
    try {
      fs.mkdir(made, mode);
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
    }
  }
}
export function readAll(fs: FileSystem, path: string): Uint8Array {
  const content = fs.open(path, {});
  return content.read(0, content.size()).slice();
}
/** A path as the shell means it: absolute, with `.` and `..` taken out of the text. */
export function resolve(cwd: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}
