/**
 * JavaScript and TypeScript, the parent's side: finds the files a program can reach, rewrites them and hands over an isolate.
 * Nothing of the user's is executed here.
 */
import harness from "isolate:javascript";
import { transform as sucrase } from "sucrase";
import type { Host, IsolateModule, Language, Program } from "../../language.js";
import { builtinName, SHADOWED_MODULES } from "../../modules.js";
import type { Run } from "../../wire.js";
import { contextCode } from "./context.js";
import { continued, type EnvironmentSheet, keptScope } from "./environment.js";
import { HARNESS_MODULE, PROGRAM_MODULE, type ProgramSheet, SESSION_PREFIX, SHELL_MODULE, type SourceFile } from "./program.js";
import { isPath, resolve } from "./resolve.js";
import { type Form, SourceError, transform, type Transformed } from "./transform.js";

// A variable, so that bundlers leave the import alone: the module is there or it is not.
const SHELL_ENGINE = "./shell-engine.js.txt";
const TYPESCRIPT = /\.[mc]?ts$/;
const SHADOWS: [string, IsolateModule][] = SHADOWED_MODULES.map((name) => [name, { text: "" }]);

const NAMESPACE = /^[ \t]*(?:export\s+)?(?:namespace|module)\s+[A-Za-z_$][\w$.]*\s*\{/gm;

/** Removing a namespace that has code in it would leave a program that fails later, elsewhere. */
function refuseNamespaces(source: string): void {
  for (const { 0: head, index } of source.matchAll(NAMESPACE)) {
    let depth = 1;
    let end = index + head.length;
    for (; end < source.length && depth > 0; end += 1) depth += source[end] === "{" ? 1 : source[end] === "}" ? -1 : 0;
    if (!/\b(?:const|let|var|function|class|enum)\b/.test(source.slice(index, end))) continue;
    const line = source.slice(0, index).split("\n").length;
    throw new SourceError("a namespace with code in it is not supported: put the code into a file of its own and import it", line, 0);
  }
}

function typesRemoved(source: string): string {
  refuseNamespaces(source);
  try {
    return sucrase(source, { transforms: ["typescript"], disableESTransforms: true, keepUnusedImports: false }).code;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    throw new SourceError(message.replace(/^Error transforming [^:]*: /, "").replace(/ \(\d+:\d+\)$/, ""), loc?.line ?? 1, (loc?.column ?? 1) - 1);
  }
}

/** Parsers recurse: what is nested beyond their stack is a fault of the source, like any other. */
function sourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof RangeError) return new SourceError("the source is nested too deeply", 1, 0);
  throw error;
}

function broken(name: string, source: string, error: SourceError): SourceFile & { kind: "broken" } {
  const shown = (source.split("\n")[error.line - 1] ?? "").slice(0, 200);
  const caret = `${" ".repeat(Math.min(error.column, shown.length))}^`;
  const stack = `${name}:${error.line}\n${shown}\n${caret}\n\nSyntaxError: ${error.message}\n    at ${name}:${error.line}:${error.column + 1}`;
  return { kind: "broken", message: error.message, line: error.line, stack };
}

interface Gathered {
  sheet: ProgramSheet;
  modules: Record<string, IsolateModule>;
  /** Something is imported whose name is only known at run time. */
  everything: boolean;
}

/** The entry and all it can reach; everything, when a name is only known at run time. */
function gather(run: Run, typed: boolean): Gathered {
  const sources = new Map<string, string>();
  for (const file of run.files) if ("content" in file) sources.set(file.name, file.content);
  const files = new Map<string, SourceFile>();
  const modules: Record<string, IsolateModule> = {};
  const scripts: [name: string, code: string][] = [];
  const waiting: { name: string; form: Form }[] = [{ name: run.entry, form: "entry" }];
  let everything = false;
  let environment: EnvironmentSheet | null = null;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name, form } = next;
    const source = sources.get(name);
    if (files.has(name) || source === undefined) continue;
    if (name.endsWith(".json") && form !== "entry") {
      files.set(name, { kind: "json", text: source });
      continue;
    }
    let done: Transformed;
    let behind = 0;
    try {
      const plain = TYPESCRIPT.test(name) || (typed && form === "entry") ? typesRemoved(source) : source;
      done = transform(plain, name, form);
      const more = form === "entry" && run.environment !== undefined ? continued(plain, name, done, keptScope(run)) : null;
      if (more !== null) {
        done = more.done;
        behind = more.length;
        environment = more.sheet;
      }
    } catch (error) {
      files.set(name, broken(name, source, sourceError(error)));
      continue;
    }
    files.set(name, { kind: done.kind, shift: done.shift + behind, imports: done.imports, async: done.async });
    if (done.kind === "script") scripts.push([name, done.code]);
    else modules[SESSION_PREFIX + name] = { js: done.code };
    for (const specifier of [...done.imports.map((imported) => imported.specifier), ...done.mentions]) {
      if (!isPath(specifier) || builtinName(specifier) !== null) continue;
      const found = resolve(specifier, name, (candidate) => sources.has(candidate));
      if (found !== null) waiting.push({ name: found, form: "file" });
    }
    if (done.computed && !everything) {
      everything = true;
      for (const candidate of sources.keys()) if (/\.([mc]?[jt]s|json)$/.test(candidate)) waiting.push({ name: candidate, form: "file" });
    }
  }
  return { sheet: { entry: run.entry, files: [...files], scripts, contextCode: null, shell: false, filed: filed(run), environment }, modules, everything };
}

/** A command reads and writes files as fs does. */
const filed = (run: Run): boolean => run.files.length > 0 && (allows(run, "fs") || allows(run, "child_process"));

function syntaxAnswer(file: string, fault: SourceFile & { kind: "broken" }): Program {
  const error = { type: "SyntaxError", message: fault.message, stack: fault.stack, line: fault.line, file };
  return { kind: "answer", frames: [{ type: "finished", exitCode: 1, error, artifacts: [] }] };
}

const allows = (run: Run, module: string): boolean => run.allowedModules.some((name) => name === "*" || name.replace(/^node:/, "") === module);

/** The engine behind child_process, for a program that may use it and names it, or whose names are only known at run time. */
async function addShell(run: Run, { sheet, modules, everything }: Gathered): Promise<void> {
  const named = run.environment !== undefined || run.files.some((file) => "content" in file && file.content.includes("child_process"));
  if (!allows(run, "child_process") || !(named || everything)) return;
  try {
    modules[SHELL_MODULE] = { js: ((await import(SHELL_ENGINE)) as { default: string }).default };
    sheet.shell = true;
  } catch {
    // Not part of this Worker: child_process says so.
  }
}

async function prepare(run: Run, typed: boolean): Promise<Program> {
  const gathered = gather(run, typed);
  const { sheet, modules } = gathered;
  await addShell(run, gathered);
  const entry = sheet.files.find(([name]) => name === run.entry)?.[1];
  if (entry === undefined) {
    const error = { type: "SyntaxError", message: "the entry is not a text file", stack: "SyntaxError: the entry is not a text file", file: run.entry };
    return { kind: "answer", frames: [{ type: "finished", exitCode: 1, error, artifacts: [] }] };
  }
  if (entry.kind === "broken") return syntaxAnswer(run.entry, entry);
  try {
    sheet.contextCode = contextCode(run.context);
  } catch (error) {
    return syntaxAnswer("context", broken("context", "", sourceError(error)));
  }
  return {
    kind: "isolate",
    mainModule: HARNESS_MODULE,
    modules: { ...Object.fromEntries(SHADOWS), ...modules, [PROGRAM_MODULE]: { json: sheet }, [HARNESS_MODULE]: { js: harness } },
    // A rejection that is handled within the same turn is none, as in Node.
    compatibilityFlags: ["nodejs_compat", "unhandled_rejection_after_microtask_checkpoint"],
    run: sheet.filed || sheet.environment !== null ? run : { ...run, files: [] },
  };
}

export const javascript: Language = {
  name: "javascript",
  prepare: (run: Run, _host: Host) => prepare(run, false),
  warmProgram: { entry: "main.js", content: "import { strict } from 'node:assert'; strict(true); console.log({ a: [1] }); export default 1;" },
};

export const typescript: Language = {
  name: "typescript",
  prepare: (run: Run, _host: Host) => prepare(run, true),
  warmProgram: { entry: "main.ts", content: "const n: number = 1; console.log(n); return n;" },
};

