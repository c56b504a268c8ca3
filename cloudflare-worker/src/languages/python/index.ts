/**
 * Python: CPython as wasm in an isolate of its own, booted from a memory snapshot; pre-booted once at warm-up.
 * The interpreter's files are modules of a Worker that has them (payload.ts); elsewhere Python is the service behind the binding PYTHON (service.ts).
 */
import type { Door } from "../../egress/door.js";
import type { Host, IsolateModule, Language, LoadedProgram, Program } from "../../language.js";
import type { Run } from "../../wire.js";
import { elsewhere } from "../guest.js";
import { MAIN_MODULE } from "./parts.js";

const COMPATIBILITY_DATE = "2026-01-01";
// A variable, so that bundlers leave the import alone: the module is there or it is not.
const PAYLOAD = "./python/payload.js";

interface Payload {
  modules(): Record<string, IsolateModule>;
}

let warmed: { id: string; door: Door } | null = null;

async function payload(): Promise<Payload | null> {
  try {
    return (await import(PAYLOAD)) as Payload;
  } catch {
    return null;
  }
}

function named(host: Host, id: string, outbound: Fetcher): LoadedProgram["isolate"] {
  const load = async () => {
    const found = await payload();
    if (found === null) throw new Error("the Python interpreter is not part of this Worker");
    return { compatibilityDate: COMPATIBILITY_DATE, compatibilityFlags: [], mainModule: MAIN_MODULE, modules: found.modules(), env: {}, globalOutbound: outbound };
  };
  return host.loader.get(id, load as Parameters<WorkerLoader["get"]>[1]).getEntrypoint() as unknown as LoadedProgram["isolate"];
}

export const python: Language = {
  name: "python",

  async available(host: Host): Promise<boolean> {
    return host.services.python !== undefined || (await payload()) !== null;
  },

  async warm(host: Host, haste: boolean): Promise<void> {
    if ((await payload()) === null) return;
    const id = crypto.randomUUID();
    const door = host.door();
    await named(host, id, door.outbound).fetch(new Request(`http://python/${haste ? "boot" : "warm"}`));
    warmed = { id, door };
  },

  async prepare(run: Run, host: Host): Promise<Program> {
    const ready = warmed;
    // An interpreter serves one program: its name is forgotten before it is used.
    warmed = null;
    if (ready !== null) {
      ready.door.open(run);
      return { kind: "loaded", isolate: named(host, ready.id, ready.door.outbound) };
    }
    const found = await payload();
    if (found !== null) return { kind: "isolate", mainModule: MAIN_MODULE, modules: found.modules(), compatibilityFlags: [] };
    const service = host.services.python;
    if (service === undefined) throw new Error("the Python interpreter is not part of this Worker");
    return elsewhere(service, run, true);
  },
};
