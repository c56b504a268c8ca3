/** What a path leads to, and how paths are put together. */
import type { Stat } from "../files.js";
import { type Io, isDevice } from "../machine.js";

export function lookup(io: Io, name: string, follow = true): Stat | null {
  const path = io.path(name);
  if (isDevice(path)) return { kind: "file", mode: 0o666, size: 0, mtimeMs: io.machine.startedMs, ino: 1, nlink: 1 };
  try {
    return follow ? io.fs.stat(path) : io.fs.lstat(path);
  } catch {
    return null;
  }
}
export const basename = (path: string): string => path.replace(/\/+$/, "").split("/").at(-1) || "/";
export const within = (folder: string, name: string): string => `${folder.replace(/\/+$/, "")}/${name}`;
