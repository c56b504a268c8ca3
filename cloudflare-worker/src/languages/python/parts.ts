/** Which file of dist/python becomes which module of the isolate. Reads nothing itself: files come from where the Worker has them. */
import type { IsolateModule } from "../../language.js";

export const MAIN_MODULE = "isolate.js";
const PREBUILT = "prebuilt.json.txt";
const PARTS: Readonly<Record<string, readonly [file: string, kind: "js" | "wasm" | "data"]>> = {
  [MAIN_MODULE]: ["isolate.js.txt", "js"],
  "facts.js": ["facts.js.txt", "js"],
  "prebuilt.js": ["prebuilt.js.txt", "js"],
  "pyodide.asm.mjs": ["pyodide.asm.js.txt", "js"],
  "pyodide.asm.wasm": ["pyodide.asm.wasm.bin", "wasm"],
  "stdlib.zip": ["stdlib.zip.bin", "data"],
  "snapshot.bin": ["snapshot.bin", "data"],
  "shell-engine.js": ["shell-engine.js.txt", "js"],
};
export const FILES: readonly string[] = [...Object.values(PARTS).map(([file]) => file), PREBUILT];

export type Files = Readonly<Record<string, string | ArrayBuffer>>;

export function assemble(files: Files): Record<string, IsolateModule> {
  const modules: Record<string, IsolateModule> = {};
  for (const [name, [file, kind]] of Object.entries(PARTS)) modules[name] = { [kind]: files[file] } as IsolateModule;
  const prebuilt = JSON.parse(files[PREBUILT] as string) as Record<string, string>;
  for (const [name, base64] of Object.entries(prebuilt)) modules[name] = { wasm: Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer };
  return modules;
}
