/**
 * Python as a Worker of its own, where the interpreter's files are too large for the Worker that has the other languages: they are its static assets.
 * See behind-binding.ts.
 */
import type { Exports } from "../../egress/door.js";
import { runHere } from "../behind-binding.js";
import { assemble, FILES, type Files, MAIN_MODULE } from "./parts.js";

export { Gateway } from "../../egress/gateway.js";

interface Env {
  LOADER: WorkerLoader;
  ASSETS: { fetch(request: Request): Promise<Response> };
}

// Plain bytes, the same for every request of this isolate.
let files: Promise<Files> | null = null;

async function read(assets: Env["ASSETS"]): Promise<Files> {
  const entries = FILES.map(async (name): Promise<[string, string | ArrayBuffer]> => {
    const response = await assets.fetch(new Request(`http://assets/${name}`));
    if (!response.ok) throw new Error(`the asset ${name} is missing: ${response.status}`);
    return [name, name.endsWith(".txt") ? await response.text() : await response.arrayBuffer()];
  });
  return Object.fromEntries(await Promise.all(entries));
}

export default {
  async fetch(request: Request, env: Env, ctx: { exports: Exports }): Promise<Response> {
    files ??= read(env.ASSETS).catch((error) => {
      files = null;
      throw error;
    });
    return runHere(request, env.LOADER, ctx.exports, { mainModule: MAIN_MODULE, modules: assemble(await files), compatibilityFlags: [] } as Parameters<typeof runHere>[3]);
  },
};
