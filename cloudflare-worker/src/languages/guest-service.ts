/** A guest language as a Worker of its own, where its interpreter is too large for the Worker that has the other languages. See behind-binding.ts. */
import type { Exports } from "../egress/door.js";
import { runHere } from "./behind-binding.js";
import { compatibilityFlags, mainModule, modules } from "./payload.js";

export { Gateway } from "../egress/gateway.js";

export default {
  async fetch(request: Request, env: { LOADER: WorkerLoader }, ctx: { exports: Exports }): Promise<Response> {
    return runHere(request, env.LOADER, ctx.exports, { mainModule, modules: modules(), compatibilityFlags } as Parameters<typeof runHere>[3]);
  },
};
