/**
 * Runs one program in a Worker that has nothing but an interpreter, reached by service binding from the Worker that has checked the run.
 * It holds no secret and decides nothing about a run.
 */
import type { Exports } from "../egress/door.js";
import type { Policy } from "../egress/policy.js";
import { EGRESS_REQUESTS_MAX } from "../limits.js";

const COMPATIBILITY_DATE = "2026-01-01";
const CPU_MS_MAX = 300_000;

/** @param code the main module, its modules and the flags that they need */
export function runHere(request: Request, loader: WorkerLoader, exports: Exports, code: Pick<WorkerLoaderWorkerCode, "mainModule" | "modules" | "compatibilityFlags">): Promise<Response> {
  const cpuMs = Math.min(CPU_MS_MAX, Math.max(1, Number(request.headers.get("x-cpu-ms")) || 1));
  const policy = JSON.parse(request.headers.get("x-egress") ?? "null") as Policy | null;
  const worker = loader.load({
    ...code,
    compatibilityDate: COMPATIBILITY_DATE,
    env: {},
    globalOutbound: policy === null ? null : exports.Gateway({ props: { ticket: crypto.randomUUID(), policy } }),
    limits: { cpuMs, subRequests: policy === null ? 1 : EGRESS_REQUESTS_MAX },
  } as WorkerLoaderWorkerCode);
  return worker.getEntrypoint().fetch(request);
}
