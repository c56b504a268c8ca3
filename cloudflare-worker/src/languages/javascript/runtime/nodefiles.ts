/** node:fs as the file system of a shell: the commands of child_process work on the very files the program has. */
import type { Content, FileSystem, OpenHow, Stat } from "../../../shell/files.js";
import type { Builtin } from "./native.js";

interface NodeStat {
  mode: number;
  size: number;
  mtimeMs: number;
  ino: number;
  nlink: number;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

function described(stat: NodeStat): Stat {
  const kind = stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "link" : "file";
  // The virtual file system gives its files the mode 0.
  const mode = stat.mode & 0o777 || (kind === "directory" ? FOLDER_MODE : FILE_MODE);
  return { kind, mode, size: stat.size, mtimeMs: stat.mtimeMs, ino: stat.ino, nlink: stat.nlink };
}

/** Read and written whole: nothing has to be closed. */
class NodeContent implements Content {
  readonly #fs: Builtin;
  readonly #path: string;

  constructor(fs: Builtin, path: string) {
    this.#fs = fs;
    this.#path = path;
  }

  size(): number { return (this.#fs.statSync(this.#path) as NodeStat).size; }
  read(position: number, length: number): Uint8Array { return (this.#fs.readFileSync(this.#path) as Uint8Array).subarray(position, position + length); }
  write(position: number, bytes: Uint8Array): void {
    const before = this.size();
    if (position === before) { this.#fs.appendFileSync(this.#path, bytes); return; }
    const after = new Uint8Array(Math.max(before, position + bytes.length));
    after.set(this.#fs.readFileSync(this.#path) as Uint8Array);
    after.set(bytes, position);
    this.#fs.writeFileSync(this.#path, after);
  }
  truncate(size: number): void { this.#fs.truncateSync(this.#path, size); }
}

export class NodeFiles implements FileSystem {
  readonly #fs: Builtin;

  constructor(fs: Builtin) {
    this.#fs = fs;
  }

  stat(path: string): Stat { return described(this.#fs.statSync(path)); }
  lstat(path: string): Stat { return described(this.#fs.lstatSync(path)); }
  readdir(path: string): string[] { return this.#fs.readdirSync(path); }
  readlink(path: string): string { return this.#fs.readlinkSync(path); }
  realpath(path: string): string { return this.#fs.realpathSync(path); }
  open(path: string, { create = false, truncate = false, exclusive = false }: OpenHow): Content {
    const flag = exclusive ? "wx" : truncate ? "w" : "a";
    if (create || truncate) this.#fs.writeFileSync(path, "", { flag });
    else this.#fs.statSync(path);
    return new NodeContent(this.#fs, path);
  }
  mkdir(path: string, mode: number): void { this.#fs.mkdirSync(path, { mode }); }
  rmdir(path: string): void { this.#fs.rmdirSync(path); }
  unlink(path: string): void { this.#fs.unlinkSync(path); }
  rename(from: string, to: string): void { this.#fs.renameSync(from, to); }
  symlink(target: string, path: string): void { this.#fs.symlinkSync(target, path); }
  link(from: string, to: string): void { this.#fs.linkSync(from, to); }
  chmod(path: string, mode: number): void { this.#fs.chmodSync(path, mode); }
  utimes(path: string, mtimeMs: number): void { this.#fs.utimesSync(path, mtimeMs / 1000, mtimeMs / 1000); }
}
