/**
 * A language whose interpreter lives in an isolate of its own and is data of the Workers that have it (`<name>/payload.js`, see scripts/guest-build.mjs).
 * No interpreter is named here; what happens inside is src/isolate/guest.ts.
 */
import type { Door } from "../egress/door.js";
import { policyOf } from "../egress/policy.js";
import type { Host, IsolateModule, Language, Program } from "../language.js";
import type { Run } from "../wire.js";

const COMPATIBILITY_DATE = "2026-01-01";

interface Payload {
  mainModule: string;
  modules(): Record<string, IsolateModule>;
}
type Isolate = { fetch(request: Request | string): Promise<Response> };

interface Needs {
  /** What the interpreter itself needs of the runtime; programs see none of it. */
  compatibilityFlags?: string[];
  /** Whether its programs may ask for what is outside. */
  network?: boolean;
}

export function guest(name: string, { compatibilityFlags = [], network = false }: Needs = {}): Language {
  // A variable, so that bundlers leave the import alone: the module is there or it is not.
  const path = `./${name}/payload.js`;
  let warmed: { id: string; door: Door | null } | null = null;

  const payload = async (): Promise<Payload | null> => {
    try {
      return (await import(path)) as Payload;
    } catch {
      return null;
    }
  };
  const named = (host: Host, id: string, door: Door | null): Isolate => {
    const load = async () => {
      const found = await payload();
      if (found === null) throw new Error(`the interpreter of ${name} is not part of this Worker`);
      return { compatibilityDate: COMPATIBILITY_DATE, compatibilityFlags, mainModule: found.mainModule, modules: found.modules(), env: {}, globalOutbound: door?.outbound ?? null };
    };
    return host.loader.get(id, load as Parameters<WorkerLoader["get"]>[1]).getEntrypoint() as unknown as Isolate;
  };

  return {
    name,

    async available(host: Host): Promise<boolean> {
      return host.services[name] !== undefined || (await payload()) !== null;
    },

    async warm(host: Host): Promise<void> {
      if ((await payload()) === null) return;
      const id = crypto.randomUUID();
      const door = network ? host.door() : null;
      const answer = await named(host, id, door).fetch("http://guest/warm");
      if (!answer.ok) throw new Error(`${name} did not warm up: ${await answer.text()}`);
      warmed = { id, door };
    },

    async prepare(run: Run, host: Host): Promise<Program> {
      const ready = warmed;
      // An interpreter serves one program: its name is forgotten before it is used.
      warmed = null;
      if (ready !== null) {
        ready.door?.open(run);
        return { kind: "loaded", isolate: named(host, ready.id, ready.door) };
      }
      const found = await payload();
      if (found !== null) return { kind: "isolate", mainModule: found.mainModule, modules: found.modules(), compatibilityFlags };
      const service = host.services[name];
      if (service === undefined) throw new Error(`the interpreter of ${name} is not part of this Worker`);
      return elsewhere(service, run, network);
    },
  };
}

/** A program that runs in the Worker behind a binding (guest-service.ts reads the headers); with its rules of the network when it may have one. */
export function elsewhere(service: { fetch(request: Request): Promise<Response> }, run: Run, network: boolean): Program {
  const fetch = (request: Request) => {
    request.headers.set("x-cpu-ms", String(run.timeoutMs));
    request.headers.set("x-egress", JSON.stringify(network ? policyOf(run, Date.now()) : null));
    return service.fetch(request);
  };
  return { kind: "loaded", isolate: { fetch } };
}
