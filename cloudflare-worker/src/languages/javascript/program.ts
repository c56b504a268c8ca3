/** What the parent tells the JavaScript isolate about the session's files. Types and names only, shared by both sides. */
import type { EnvironmentSheet } from "./environment.js";
import type { ImportedFrom } from "./transform.js";

/** The loader's module names: user files below a prefix of their own, so that none can take a builtin's or the harness's name. */
export const SESSION_PREFIX = "session/";
export const PROGRAM_MODULE = "collab-program.json";
export const SHELL_MODULE = "collab-shell.js";
export const HARNESS_MODULE = "collab-harness.js";

export type SourceFile =
  | { kind: "module" | "script"; shift: number; imports: ImportedFrom[]; async: boolean }
  | { kind: "json"; text: string }
  /** Does not parse: an error when it is imported. */
  | { kind: "broken"; message: string; line: number; stack: string };

export interface ProgramSheet {
  entry: string;
  files: [name: string, file: SourceFile][];
  /** Function expressions that run the scripts among the files. */
  scripts: [name: string, code: string][];
  /** A function expression that makes the context's functions. */
  contextCode: string | null;
  /** The shell's engine is among the modules. */
  shell: boolean;
  /** The program may use files. */
  filed: boolean;
  environment: EnvironmentSheet | null;
}
