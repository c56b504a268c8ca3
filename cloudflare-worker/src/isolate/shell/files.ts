/** The file system a shell works on, as an interface: synchronous, absolute paths, faults with a POSIX code. Implemented by whoever has the files. */

export type FileKind = "file" | "directory" | "link";

export interface Stat {
  kind: FileKind;
  mode: number;
  size: number;
  mtimeMs: number;
  ino: number;
  nlink: number;
}

/** An open file's content. */
export interface Content {
  size(): number;
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
