/**
 * A guest language as a Worker of its own, where its interpreter is too large for the Worker that has the other languages.
 * Reached by service binding only; it holds no secret and decides nothing about a run.
 */
import { compatibilityFlags, mainModule, modules } from "./payload.js";

const COMPATIBILITY_DATE = "2026-01-01";
const CPU_MS_MAX = 300_000;

interface Env {
  LOADER: WorkerLoader;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const cpuMs = Math.min(CPU_MS_MAX, Math.max(1, Number(request.headers.get("x-cpu-ms")) || 1));
    const worker = env.LOADER.load({
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags,
      mainModule,
      modules: modules(),
      env: {},
      globalOutbound: null,
      limits: { cpuMs, subRequests: 1 },
    } as WorkerLoaderWorkerCode);
    return worker.getEntrypoint().fetch(request);
  },
};
