/** Hands out builtin modules, or the error that says which tier would. Every road to a builtin (import, require, getBuiltinModule) ends here. */
import { builtinName, judgeModule } from "../../../modules.js";
import type { Run } from "../../../wire.js";
import { type Builtin, native } from "./native.js";
import type { Network } from "./network.js";

export class ModuleNotAllowedError extends Error {
  readonly code = "ERR_MODULE_NOT_ALLOWED";
  readonly module: string;
  readonly tier: string | null;
  constructor(module: string, current: string, tier: string | null) {
    const hint = tier === null ? "no tier allows it" : tier === current ? "it is not among this run's allowed modules" : `tier "${tier}" allows it`;
    super(`module "${module}" is not allowed in tier "${current}"; ${hint}`);
    Object.defineProperty(this, "name", { value: "ModuleNotAllowedError", configurable: true, writable: true });
    this.module = module;
    this.tier = tier;
  }
}

/** Modules of ours in place of the runtime's: name → made when first asked for. */
export type Own = Map<string, () => unknown>;

function unavailable(module: string, names: readonly string[]): Builtin {
  const absent = (name: string) => () => {
    throw Object.assign(new Error(`${module}.${name} is not available: the shell is not part of this Worker`), { code: "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM" });
  };
  return Object.fromEntries(names.map((name) => [name, absent(name)]));
}
const CHILD_PROCESS = ["spawn", "exec", "execFile", "fork", "spawnSync", "execSync", "execFileSync"];

export class Builtins {
  readonly #run: Run;
  readonly #own: Own;
  readonly #network: Network;
  readonly #loaded = new Map<string, unknown>();
  readonly #allowedModules: readonly string[];
  readonly #tierOfModule: ReadonlyMap<string, string>;

  constructor(run: Run, own: Own, network: Network) {
    this.#run = run;
    this.#network = network;
    this.#own = own;
    this.#allowedModules = Object.freeze([...run.allowedModules]);
    this.#tierOfModule = new Map(Object.entries(run.tierOfModule));
  }

  nameOf(value: object): string | null {
    for (const [name, loaded] of this.#loaded) if (loaded === value) return name;
    return null;
  }

  denied(name: string, listed: string | null = null): ModuleNotAllowedError {
    return new ModuleNotAllowedError(name, this.#run.tier, listed === null ? null : (this.#tierOfModule.get(listed) ?? this.#tierOfModule.get(`node:${listed}`) ?? null));
  }

  /** The builtin of this name, checked; undefined when the specifier names no builtin. */
  load(specifier: string): { value: unknown } | undefined {
    const name = builtinName(specifier);
    if (name === null) return undefined;
    const verdict = judgeModule(name, this.#allowedModules);
    if (!verdict.allowed) throw this.denied(name, verdict.listed);
    let value = this.#loaded.get(name);
    if (value === undefined) {
      value = this.#make(name);
      this.#loaded.set(name, value);
    }
    return { value };
  }

  #make(name: string): unknown {
    const own = this.#own.get(name);
    if (own !== undefined) return own();
    if (name === "perf_hooks") return { performance };
    if (name === "child_process") return unavailable(name, CHILD_PROCESS);
    const found = native.getBuiltinModule(`node:${name}`);
    if (found === undefined) throw Object.assign(new Error(`module "${name}" is allowed but not available in this runtime`), { code: "ERR_UNKNOWN_BUILTIN_MODULE" });
    const denials = this.#network.denying(name);
    return Object.keys(denials).length > 0 ? { ...found, ...denials } : found;
  }
}
