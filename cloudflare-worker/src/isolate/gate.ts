/**
 * Says which commands and libraries of an interpreter a run may use: a language's row of the one table (executor/modules.py) against the run's list.
 * The wall is the isolate without bindings and network; this is what makes a tier's promise hold.
 */
import type { Run } from "../wire.js";

export type Counterparts = Readonly<Record<string, string>>;

export class Gate {
  readonly #counterparts: Counterparts;
  readonly #allowed: ReadonlySet<string>;
  readonly #run: Run;

  constructor(counterparts: Counterparts, run: Run) {
    this.#counterparts = counterparts;
    this.#run = run;
    this.#allowed = new Set(run.allowedModules.map((name) => name.replace(/^node:/, "")));
  }

  /** Why the run may not use it, or null when it may. What is in no row is harmless. */
  refusal(name: string): string | null {
    const governor = this.#counterparts[name];
    if (governor === undefined || this.#allowed.has("*") || this.#allowed.has(name) || this.#allowed.has(governor)) return null;
    const { tier, tierOfModule } = this.#run;
    const other = tierOfModule[name] ?? tierOfModule[governor];
    const hint = other !== undefined && other !== tier ? `tier "${other}" allows it` : "it is not among this run's allowed modules";
    return `module "${name}" is not allowed in tier "${tier}": ${hint}`;
  }

  refused(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const name of Object.keys(this.#counterparts)) {
      const why = this.refusal(name);
      if (why !== null) found[name] = why;
    }
    return found;
  }
}
