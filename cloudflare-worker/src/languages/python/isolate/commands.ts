/** The shell that a Python program's commands run in, over the interpreter's file system.
 * Its time passes while the interpreter waits. */

import type { ShellEnding, ShellOptions } from "../../../isolate/shell/engine.js";
import { Loop, LoopPromise } from "../../../isolate/shell/loop.js";
import { sha256 } from "../../../isolate/digest.js";
import type { Content, FileSystem, OpenHow, Stat } from "../../../shell/files.js";
import type { Run } from "../../../wire.js";
import { ABSENT_IN_COMMANDS } from "../../shell/modules.js";
import type { Interpreter } from "./boot.js";

type Engine = (given: Record<string, unknown>) => { runShell(fs: FileSystem, command: string | readonly string[], options: ShellOptions): LoopPromise<ShellEnding> };
// biome-ignore lint/suspicious/noExplicitAny: Emscripten's file system has no types
type Untyped = any;

const ENGINE = "./shell-engine.js";
const MENTIONS = /subprocess|os\s*\.\s*(system|popen)|from\s+os\s+import|__import__|importlib|getattr/;
/** Emscripten's numbers of what a shell tells apart. */
const CODES: Readonly<Record<number, string>> = { 2: "EACCES", 8: "EBADF", 20: "EEXIST", 28: "EINVAL", 31: "EISDIR", 32: "ELOOP", 37: "ENAMETOOLONG", 44: "ENOENT", 51: "ENOSPC", 54: "ENOTDIR", 55: "ENOTEMPTY", 63: "EPERM", 75: "EXDEV" };
const WORDS: Readonly<Record<string, string>> = { ENOENT: "no such file or directory", EEXIST: "file already exists", EISDIR: "illegal operation on a directory", ENOTDIR: "not a directory", ENOTEMPTY: "directory not empty", ENOSPC: "no space left on device" };

function tried<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = CODES[(error as { errno?: number }).errno ?? -1];
    if (code === undefined) throw error;
    throw Object.assign(new Error(`${code}: ${WORDS[code] ?? code}, '${path}'`), { code });
  }
}

class MountedFiles implements FileSystem {
  constructor(private readonly fs: Untyped) {}

  private described(stat: Untyped): Stat {
    const kind = this.fs.isDir(stat.mode) ? "directory" : this.fs.isLink(stat.mode) ? "link" : "file";
    return { kind, mode: stat.mode & 0o777, size: stat.size, mtimeMs: stat.mtime.getTime(), ino: stat.ino, nlink: stat.nlink };
  }
  stat(path: string): Stat { return tried(path, () => this.described(this.fs.stat(path))); }
  lstat(path: string): Stat { return tried(path, () => this.described(this.fs.lstat(path))); }
  readdir(path: string): string[] { return tried(path, () => this.fs.readdir(path).filter((name: string) => name !== "." && name !== "..")); }
  readlink(path: string): string { return tried(path, () => this.fs.readlink(path)); }
  realpath(path: string): string { return tried(path, () => this.fs.lookupPath(path, { follow: true }).path); }
  open(path: string, { create = false, truncate = false, exclusive = false }: OpenHow): Content {
    const { fs } = this;
    const there = fs.analyzePath(path).exists as boolean;
    tried(path, () => {
      if (!there && !create) fs.stat(path);
      else if (there && exclusive) throw { errno: 20 };
      else if (truncate || !there) fs.writeFile(path, new Uint8Array(0));
    });
    return {
      size: () => fs.stat(path).size,
      read: (position, length) => tried(path, () => (fs.readFile(path) as Uint8Array).subarray(position, position + length)),
      write: (position, bytes) => tried(path, () => {
        const stream = fs.open(path, "r+");
        try { fs.write(stream, bytes, 0, bytes.length, position); } finally { fs.close(stream); }
      }),
      truncate: (size) => tried(path, () => fs.truncate(path, size)),
    };
  }
  mkdir(path: string, mode: number): void { tried(path, () => this.fs.mkdir(path, mode)); }
  rmdir(path: string): void { tried(path, () => this.fs.rmdir(path)); }
  unlink(path: string): void { tried(path, () => this.fs.unlink(path)); }
  rename(from: string, to: string): void { tried(from, () => this.fs.rename(from, to)); }
  symlink(target: string, path: string): void { tried(path, () => this.fs.symlink(target, path)); }
  link(from: string): void { throw Object.assign(new Error(`EPERM: no hard links here, '${from}'`), { code: "EPERM" }); }
  chmod(path: string, mode: number): void { tried(path, () => this.fs.chmod(path, mode)); }
  utimes(path: string, mtimeMs: number): void { tried(path, () => this.fs.utime(path, mtimeMs, mtimeMs)); }
}

/** A command as Python sees it; the last four are there once it is done. */
interface Running {
  /** Resolves to whether it ended within the time; a negative time is none. */
  wait(ms: number): Promise<boolean>;
  stop(signal: number): void;
  exitCode: number;
  signal: number;
  stdout: Uint8Array;
  stderr: Uint8Array;
}
export type Commands = (spec: string, input: Uint8Array) => Running;

/** Null for a program that may not, or does not look as if it would. */
export async function commands({ module }: Interpreter, run: Run): Promise<Commands | null> {
  const allowed = run.allowedModules.some((name) => name === "*" || name.replace(/^node:/, "") === "child_process" || name === "subprocess");
  const named = run.environment !== undefined || run.files.some((file) => "content" in file && MENTIONS.test(file.content));
  if (!allowed || !named) return null;
  const loop = new Loop({ soon: (job) => setTimeout(job, 0), later: (job, ms) => setTimeout(job, ms), cancel: (timer) => clearTimeout(timer as number), now: Date.now });
  const engine = ((await import(ENGINE)) as { default: Engine }).default;
  // This isolate has none of Node's modules.
  const absent = () => { throw new Error("compression is not available here"); };
  const createHash = (name: string) => {
    if (name !== "sha256") throw new Error(`${name} is not available here`);
    return { update: (bytes: Uint8Array) => ({ digest: () => sha256(bytes) }) };
  };
  const given = { Promise: LoopPromise, ...loop.timers, clearInterval: loop.timers.clearTimeout, crypto, zlib: { gzipSync: absent, gunzipSync: absent }, hashes: { createHash } };
  const { runShell } = engine(given);
  const files = new MountedFiles(module.FS);
  return (text, input) => {
    const spec = JSON.parse(text) as { command: string | string[]; cwd: string; env: Record<string, string> };
    let stop: (signal: number) => void = () => undefined;
    const running: Running = { wait, stop: (signal) => stop(signal), exitCode: 0, signal: 0, stdout: new Uint8Array(0), stderr: new Uint8Array(0) };
    const options: ShellOptions = { cwd: spec.cwd, env: spec.env, stdin: input, memoryBytesMax: run.memoryLimitBytes, absent: ABSENT_IN_COMMANDS, onStart: (how) => { stop = how; } };
    const done = new Promise<boolean>((resolve) => {
      runShell(files, spec.command, options).then(
        (ending) => { Object.assign(running, ending, { signal: ending.signal ?? 0 }); resolve(true); },
        (error: unknown) => { Object.assign(running, { exitCode: 1, stderr: new TextEncoder().encode(`${error}\n`) }); resolve(true); },
      );
    });
    function wait(ms: number): Promise<boolean> {
      return ms < 0 ? done : Promise.race([done, new Promise<boolean>((resolve) => { setTimeout(() => resolve(false), ms); })]);
    }
    return running;
  };
}
