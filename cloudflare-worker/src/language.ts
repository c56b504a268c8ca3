/**
 * What a language has to offer to be executable here: everything else (wire, limits, relaying, isolates) is done for it.
 * No language is named here; the registry is languages/index.ts.
 */
import type { Door } from "./egress/door.js";
import type { Run, Said } from "./wire.js";

/** A module of a dynamically loaded isolate, in the loader's own shape. */
export type IsolateModule = { js: string } | { cjs: string } | { text: string } | { json: unknown } | { data: ArrayBuffer } | { wasm: ArrayBuffer };

/** An isolate to load: no bindings, and the run's way out if it has one. It answers as src/isolate/ describes. */
export interface IsolateProgram {
  kind: "isolate";
  mainModule: string;
  modules: Record<string, IsolateModule>;
  compatibilityFlags?: string[];
  /** What the isolate is told, when that is less than the whole run. */
  run?: Run;
}
/** An isolate that was loaded before, at warm-up; it may serve one program only. */
export interface LoadedProgram {
  kind: "loaded";
  isolate: { fetch(request: Request): Promise<Response> };
  run?: Run;
}
/** A finished answer: nothing of the program had to be executed (a syntax error, a validated document). The last frame is `finished`. */
export interface AnsweredProgram {
  kind: "answer";
  frames: Said[];
}
export type Program = IsolateProgram | LoadedProgram | AnsweredProgram;

/** What the Worker lends to a language. */
export interface Host {
  readonly loader: WorkerLoader;
  /** Languages that live in a Worker of their own, by name; each answers like an isolate. */
  readonly services: Readonly<Record<string, LoadedProgram["isolate"] | undefined>>;
  /** A way out for an isolate that is loaded before its run is known. */
  door(): Door;
}

export interface Language {
  /** The name on the wire. */
  readonly name: string;
  /** Turns a checked run into a program. A fault of the user's source is an answer, never an exception. */
  prepare(run: Run, host: Host): Program | Promise<Program>;
  /** False in a Worker that was deployed without what this language needs. */
  available?(host: Host): Promise<boolean>;
  /** Makes the first run fast; called once, before the process counts as ready. In haste, somebody waits: only what that run would wait for anyway. */
  warm?(host: Host, haste: boolean): Promise<void>;
  /** A smallest program, executed once at warm-up when it is there. */
  readonly warmProgram?: { entry: string; content: string };
}
