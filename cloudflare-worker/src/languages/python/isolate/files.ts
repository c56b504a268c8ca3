/** The session's files in the interpreter's file system: put there before the run, compared after it.
 * Never reads outside the session's folder. */

import { ARTIFACTS_COUNT_MAX } from "../../../limits.js";
import { type Artifact, nameFault } from "../../../wire.js";
import { ROOT, type Interpreter } from "./boot.js";

const DEPTH_MAX = 32;

export type Files = ReadonlyMap<string, Uint8Array>;

export function populate({ module }: Interpreter, files: Files): void {
  for (const [name, bytes] of files) {
    const path = `${ROOT}/${name}`;
    module.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    // The file system keeps its own copy, so `bytes` stays what it was.
    module.FS.writeFile(path, bytes);
  }
  module.FS.chdir(ROOT);
}

export function filesNow({ module }: Interpreter): Files {
  const found = new Map<string, Uint8Array>();
  collect(module.FS, module.FS.lookupPath(ROOT).node, "", found, 0);
  return found;
}

export async function artifacts(before: Files, after: Files, bytesMax: number): Promise<Artifact[]> {
  const found: Artifact[] = [];
  let room = bytesMax;
  for (const [name, bytes] of after) {
    const old = before.get(name);
    if (old && same(old, bytes)) continue;
    const artifact: Artifact = { name, change: old ? "changed" : "created", size: bytes.length, digest: await digest(bytes) };
    if (bytes.length <= room) {
      room -= bytes.length;
      artifact.base64 = base64(bytes);
    }
    found.push(artifact);
  }
  for (const [name, bytes] of before) {
    if (!after.has(name)) found.push({ name, change: "deleted", size: bytes.length, digest: await digest(bytes) });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, ARTIFACTS_COUNT_MAX);
}

// biome-ignore lint/suspicious/noExplicitAny: Emscripten's nodes have no types
function collect(FS: any, folder: any, prefix: string, into: Map<string, Uint8Array>, depth: number): void {
  if (depth > DEPTH_MAX) return;
  for (const [name, node] of Object.entries<typeof folder>(folder.contents)) {
    if (into.size >= ARTIFACTS_COUNT_MAX) return;
    if (FS.isDir(node.mode)) {
      if (name !== "__pycache__") collect(FS, node, `${prefix}${name}/`, into, depth + 1);
    } else if (FS.isFile(node.mode) && nameFault(prefix + name) === null) {
      into.set(prefix + name, new Uint8Array(node.contents.buffer ?? node.contents, node.contents.byteOffset ?? 0, node.usedBytes));
    }
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}
