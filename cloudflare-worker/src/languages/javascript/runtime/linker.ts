/**
 * Links and evaluates the session's files as Node would: live bindings, cycles, top-level await, CommonJS and JSON side by side.
 * It asks Builtins for everything that is not a session file and knows no policy itself.
 */
import type { ProgramSheet, SourceFile } from "../program.js";
import { isPath, resolve, SESSION_ROOT } from "../resolve.js";
import type { Builtins } from "./builtins.js";
import type { Builtin } from "./native.js";

type Getter = () => unknown;
type Body = (...args: unknown[]) => unknown;
type Steps = { next(): unknown };

interface Unit {
  readonly name: string;
  readonly file: SourceFile;
  body: Body | null;
  readonly space: Record<string, unknown>;
  readonly getters: Map<string, Getter>;
  stars: number[];
  sources: Record<string, unknown>[];
  needs: Unit[];
  steps: Steps | null;
  state: "new" | "linked" | "running" | "done" | "failed";
  error: unknown;
  promise: Promise<void> | undefined;
  module: { exports: unknown } | null;
  value: unknown;
}

const nodeError = (message: string, code: string): Error => Object.assign(new Error(message), { code });

function place(error: unknown, file: string, line: number): unknown {
  if (error instanceof Error) {
    Object.defineProperty(error, "stack", { value: `${error.name}: ${error.message}\n    at ${file}:${line}:1`, writable: true, configurable: true, enumerable: false });
  }
  return error;
}

export class Linker {
  readonly #units = new Map<string, Unit>();
  readonly #sheet: ProgramSheet;
  readonly #builtins: Builtins;
  /** What the entry sees of earlier runs. */
  environment: object | null = null;
  readonly #builtinSpaces = new Map<unknown, Record<string, unknown>>();

  constructor(sheet: ProgramSheet, builtins: Builtins) {
    this.#sheet = sheet;
    this.#builtins = builtins;
  }

  /** Fetches the code of all files; runs none of it. */
  async load(codeOf: (name: string) => Promise<unknown>): Promise<void> {
    await Promise.all(this.#sheet.files.map(async ([name, file]) => {
      const unit: Unit = {
        name, file, body: null, space: Object.create(null), getters: new Map(), stars: [], sources: [], needs: [], steps: null,
        state: "new", error: undefined, promise: undefined, module: null, value: undefined,
      };
      this.#units.set(name, unit);
      Object.defineProperty(unit.space, Symbol.toStringTag, { value: "Module" });
      if (file.kind === "broken") {
        unit.state = "failed";
        unit.error = Object.defineProperty(new SyntaxError(file.message), "stack", { value: file.stack, writable: true, configurable: true });
      } else if (file.kind !== "json") {
        try {
          unit.body = (await codeOf(name)) as Body;
        } catch (error) {
          unit.state = "failed";
          unit.error = place(error, name, 1);
        }
      }
    }));
  }

  /** Runs the entry; its value is what it returns, or a module's default export when that is data. */
  async run(): Promise<unknown> {
    const unit = this.#units.get(this.#sheet.entry) as Unit;
    if (unit.state === "failed") throw unit.error;
    if (unit.file.kind === "script") return await this.#runScript(unit);
    this.#link(unit);
    await this.#evaluate(unit);
    const value = unit.value ?? (unit.getters.has("default") ? unit.space.default : undefined);
    return typeof value === "function" ? undefined : value;
  }

  /** The specifier under which the entry gets a module again, when the value is one. */
  nameOf(value: object): string | null {
    const builtin = this.#builtins.nameOf(value);
    if (builtin !== null) return `node:${builtin}`;
    for (const [at, space] of this.#builtinSpaces) if (space === value) return this.nameOf(at as object);
    for (const unit of this.#units.values()) {
      const exported = unit.file.kind === "script" ? unit.module?.exports : unit.file.kind === "json" ? unit.value : unit.space;
      if (exported === value && unit.name !== this.#sheet.entry && Object.keys(value).length > 0) return this.#specifierOf(unit.name);
    }
    return null;
  }

  /** A path from the entry's own folder. */
  #specifierOf(name: string): string {
    const up = this.#sheet.entry.split("/").length - 1;
    return up === 0 ? `./${name}` : "../".repeat(up) + name;
  }

  required(name: string): unknown {
    return (this.#requireOf(this.#sheet.entry) as unknown as (name: string) => unknown)(name);
  }

  /** Values compiled from the context's function sources. */
  contextFunctions(body: unknown): unknown[] {
    return (body as Body)({}, this.#requireOf(this.#sheet.entry), {}, "", "", this.#linkOf(null, this.#sheet.entry)) as unknown[];
  }

  #find(specifier: string, importer: string): Unit {
    if (isPath(specifier)) {
      const name = resolve(specifier, importer, (candidate) => this.#units.has(candidate));
      if (name !== null) return this.#units.get(name) as Unit;
      throw nodeError(`Cannot find module '${specifier}' imported from ${importer}`, "ERR_MODULE_NOT_FOUND");
    }
    if (/^data:/i.test(specifier)) throw nodeError("modules cannot be imported from data: URLs here", "ERR_UNSUPPORTED_ESM_URL_SCHEME");
    throw nodeError(`Cannot find package '${specifier}' imported from ${importer}`, "ERR_MODULE_NOT_FOUND");
  }

  #builtinSpace(value: unknown): Record<string, unknown> {
    let space = this.#builtinSpaces.get(value);
    if (space === undefined) {
      space = Object.assign(Object.create(null) as Record<string, unknown>, value, { default: value });
      Object.defineProperty(space, Symbol.toStringTag, { value: "Module" });
      this.#builtinSpaces.set(value, space);
    }
    return space;
  }

  #link(unit: Unit): void {
    if (unit.state === "failed") throw unit.error;
    if (unit.state !== "new") return;
    const graph: Unit[] = [];
    this.#connect(unit, graph);
    for (const each of graph) this.#shareStars(each, new Set());
    for (const each of graph) this.#checkNames(each);
    for (const each of graph) this.#seal(each);
  }

  #connect(unit: Unit, graph: Unit[]): void {
    if (unit.state === "failed") throw unit.error;
    if (unit.state !== "new") return;
    unit.state = "linked";
    if (unit.file.kind !== "module") return;
    graph.push(unit);
    for (const { specifier, line } of unit.file.imports) {
      try {
        const builtin = this.#builtins.load(specifier);
        if (builtin !== undefined) {
          unit.sources.push(this.#builtinSpace(builtin.value));
          continue;
        }
        const need = this.#find(specifier, unit.name);
        if (need.state === "failed") throw need.error;
        unit.sources.push(need.space);
        unit.needs.push(need);
        this.#connect(need, graph);
      } catch (error) {
        unit.state = "new";
        unit.sources = [];
        unit.needs = [];
        throw this.#positioned(error) ? error : place(error, unit.name, line);
      }
    }
    const body = unit.body as Body;
    unit.steps = body(this.#linkOf(unit, unit.name)) as Steps;
    // Up to the first yield: function declarations and getters exist, nothing of the user's has run.
    const started = unit.steps.next();
    if (started instanceof Promise) started.catch(() => undefined);
  }

  #positioned(error: unknown): boolean {
    return error instanceof Error && this.#sheet.files.some(([name]) => (error.stack ?? "").includes(`at ${name}:`));
  }

  #names(unit: Unit, seen: Set<Unit>): Set<string> {
    const names = new Set(unit.getters.keys());
    if (seen.has(unit)) return names;
    seen.add(unit);
    for (const star of unit.stars) {
      const space = unit.sources[star] as Record<string, unknown>;
      const from = [...this.#units.values()].find((candidate) => candidate.space === space);
      for (const name of from?.file.kind === "module" ? this.#names(from, seen) : Object.keys(space)) if (name !== "default") names.add(name);
    }
    return names;
  }

  #shareStars(unit: Unit, seen: Set<Unit>): void {
    for (const star of unit.stars) {
      const space = unit.sources[star] as Record<string, unknown>;
      const from = [...this.#units.values()].find((candidate) => candidate.space === space);
      if (from !== undefined && from.file.kind === "script") this.#evaluate(from);
      for (const name of from?.file.kind === "module" ? this.#names(from, new Set(seen)) : Object.keys(space)) {
        if (name === "default" || unit.getters.has(name)) continue;
        this.#expose(unit, name, () => space[name]);
      }
    }
  }

  #checkNames(unit: Unit): void {
    if (unit.file.kind !== "module") return;
    unit.file.imports.forEach(({ specifier, line, names }, at) => {
      const space = unit.sources[at] as Record<string, unknown>;
      const from = [...this.#units.values()].find((candidate) => candidate.space === space);
      if (from !== undefined && from.file.kind === "script") return;
      for (const name of names) {
        const has = from?.file.kind === "json" ? name === "default" : name in space;
        if (!has) throw place(new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`), unit.name, line);
      }
    });
  }

  /** A namespace lists its names in the order of the alphabet, and never changes. */
  #seal(unit: Unit): void {
    for (const name of unit.getters.keys()) delete unit.space[name];
    for (const name of [...unit.getters.keys()].sort()) Object.defineProperty(unit.space, name, { get: unit.getters.get(name) as Getter, enumerable: true, configurable: false });
    Object.preventExtensions(unit.space);
  }

  #expose(unit: Unit, name: string, getter: Getter): void {
    unit.getters.set(name, getter);
    Object.defineProperty(unit.space, name, { get: getter, enumerable: true, configurable: true });
  }

  /** Runs a unit after what it needs; a promise only when something in it is asynchronous. */
  #evaluate(unit: Unit): Promise<void> | undefined {
    if (unit.state === "failed") throw unit.error;
    if (unit.state === "done") return unit.promise;
    if (unit.state === "running") return undefined;
    if (unit.file.kind === "json") return this.#runJson(unit);
    if (unit.file.kind === "script") { this.#require(unit); return undefined; }
    unit.state = "running";
    const pending: Promise<void>[] = [];
    try {
      for (const need of unit.needs) {
        const promise = this.#evaluate(need);
        if (promise !== undefined) pending.push(promise);
      }
    } catch (error) {
      this.#failed(unit, error);
      throw error;
    }
    if (pending.length === 0) return this.#step(unit);
    unit.promise = (async () => {
      try {
        for (const promise of pending) await promise;
      } catch (error) {
        this.#failed(unit, error);
        throw error;
      }
      await this.#step(unit);
    })();
    unit.state = "done";
    return unit.promise;
  }

  #failed(unit: Unit, error: unknown): void {
    unit.state = "failed";
    unit.error = error;
  }

  #step(unit: Unit): Promise<void> | undefined {
    unit.state = "done";
    try {
      const step = (unit.steps as Steps).next();
      if (!(step instanceof Promise)) {
        unit.value = (step as { value: unknown }).value;
        return undefined;
      }
      unit.promise = (async () => {
        try {
          unit.value = (await step).value;
        } catch (error) {
          this.#failed(unit, error);
          throw error;
        }
      })();
      return unit.promise;
    } catch (error) {
      this.#failed(unit, error);
      throw error;
    }
  }

  #runJson(unit: Unit): undefined {
    try {
      unit.value = JSON.parse((unit.file as SourceFile & { kind: "json" }).text);
    } catch (error) {
      this.#failed(unit, place(new SyntaxError(`${unit.name}: ${(error as Error).message}`), unit.name, 1));
      throw unit.error;
    }
    unit.state = "done";
    unit.space.default = unit.value;
  }

  #runScript(unit: Unit): unknown {
    const module = { exports: {} as unknown, id: unit.name, filename: `${SESSION_ROOT}/${unit.name}`, loaded: false, children: [], paths: [] };
    unit.module = module;
    unit.state = "running";
    const slash = unit.name.lastIndexOf("/");
    const folder = slash < 0 ? SESSION_ROOT : `${SESSION_ROOT}/${unit.name.slice(0, slash)}`;
    const require = this.#requireOf(unit.name);
    require.main = (this.#units.get(this.#sheet.entry) as Unit).module ?? undefined;
    const value = Reflect.apply(unit.body as Body, module.exports, [module.exports, require, module, module.filename, folder, this.#linkOf(unit, unit.name)]);
    unit.state = "done";
    module.loaded = true;
    return value;
  }

  #require(unit: Unit): unknown {
    if (unit.state === "failed") throw unit.error;
    if (unit.module !== null) return unit.module.exports;
    try {
      this.#runScript(unit);
    } catch (error) {
      // As in Node, a module that failed is run again by the next require.
      unit.module = null;
      unit.state = "linked";
      throw error;
    }
    const exports = (unit.module as unknown as { exports: unknown }).exports;
    if (typeof exports === "object" || typeof exports === "function") {
      for (const name of Object.keys(exports ?? {})) if (name !== "default") Object.defineProperty(unit.space, name, { get: () => (exports as Record<string, unknown>)[name], enumerable: true, configurable: true });
    }
    unit.space.default = exports;
    return exports;
  }

  #requireOf(importer: string): Builtin {
    const require = (given: unknown): unknown => {
      if (typeof given !== "string") throw Object.assign(new TypeError(`The "id" argument must be of type string. Received ${typeof given}`), { code: "ERR_INVALID_ARG_TYPE" });
      const builtin = this.#builtins.load(given);
      if (builtin !== undefined) return builtin.value;
      let unit: Unit;
      try {
        unit = this.#find(given, importer);
      } catch (error) {
        throw Object.assign(error as Error, { message: `Cannot find module '${given}'\nRequire stack:\n- ${importer}`, code: "MODULE_NOT_FOUND" });
      }
      if (unit.file.kind === "script") return this.#require(unit);
      this.#link(unit);
      if (this.#evaluate(unit) !== undefined) throw nodeError(`require() cannot be used on '${given}': it uses top-level await; use import()`, "ERR_REQUIRE_ASYNC_MODULE");
      return unit.file.kind === "json" ? unit.value : unit.space;
    };
    const resolveName = (given: string): string => (this.#builtins.load(given) !== undefined ? given : `${SESSION_ROOT}/${this.#find(given, importer).name}`);
    return Object.assign(require, { resolve: resolveName, cache: Object.create(null), main: undefined as unknown });
  }

  async #import(given: unknown, importer: string): Promise<unknown> {
    // Once, so that a value cannot be one name when it is judged and another when it is fetched.
    const specifier = `${given}`;
    const builtin = this.#builtins.load(specifier);
    if (builtin !== undefined) return this.#builtinSpace(builtin.value);
    const unit = this.#find(specifier, importer);
    this.#link(unit);
    await this.#evaluate(unit);
    return unit.space;
  }

  /** What a rewritten file sees of the linker. */
  #linkOf(unit: Unit | null, name: string): object {
    const url = `file://${SESSION_ROOT}/${name}`;
    const slash = name.lastIndexOf("/");
    const meta = Object.assign(Object.create(null), {
      url, filename: `${SESSION_ROOT}/${name}`, dirname: slash < 0 ? SESSION_ROOT : `${SESSION_ROOT}/${name.slice(0, slash)}`, main: name === this.#sheet.entry,
      resolve: (specifier: unknown) => {
        const wanted = `${specifier}`;
        return this.#builtins.load(wanted) !== undefined ? (wanted.startsWith("node:") ? wanted : `node:${wanted}`) : `file://${SESSION_ROOT}/${this.#find(wanted, name).name}`;
      },
    });
    return Object.freeze({
      from: (at: number) => unit?.sources[at],
      export: (getters: [string, Getter][], stars: number[]) => {
        if (unit === null || unit.getters.size > 0) return;
        for (const [exported, getter] of getters) this.#expose(unit, exported, getter);
        unit.stars = stars;
      },
      import: (specifier: unknown) => this.#import(specifier, name),
      meta: Object.freeze(meta),
      environment: name === this.#sheet.entry ? this.environment : null,
    });
  }
}
