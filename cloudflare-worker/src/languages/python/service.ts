/**
 * Python as a Worker of its own, where the interpreter's files are too large for the Worker that has the other languages: they are its static assets.
 * Reached by service binding only; it holds no secret and decides nothing about a run.
 */
import type { Exports } from "../../egress/door.js";
import type { Policy } from "../../egress/policy.js";
import { EGRESS_REQUESTS_MAX } from "../../limits.js";
import { assemble, FILES, type Files, MAIN_MODULE } from "./parts.js";

export { Gateway } from "../../egress/gateway.js";

const COMPATIBILITY_DATE = "2026-01-01";
const CPU_MS_MAX = 300_000;

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
    const cpuMs = Math.min(CPU_MS_MAX, Math.max(1, Number(request.headers.get("x-cpu-ms")) || 1));
    // The other Worker has checked the run; this one is reached by nobody else.
    const policy = JSON.parse(request.headers.get("x-egress") ?? "null") as Policy | null;
    const ticket = crypto.randomUUID();
    const worker = env.LOADER.load({
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: [],
      mainModule: MAIN_MODULE,
      modules: assemble(await files),
      env: {},
      globalOutbound: policy === null ? null : ctx.exports.Gateway({ props: { ticket, policy } }),
      limits: { cpuMs, subRequests: policy === null ? 1 : EGRESS_REQUESTS_MAX },
    } as WorkerLoaderWorkerCode);
    return worker.getEntrypoint().fetch(request);
  },
};
