/**
 * What the program's names hold, written down at the end of a run and revived at the beginning of the next.
 * Values are a list of nodes that refer to each other, so that cycles and shared objects stay; functions and classes are the source that is theirs.
 */
import type { Environment } from "../../../isolate/environment.js";
import { VARIABLES_COUNT_MAX } from "../../../limits.js";
import type { Kept } from "../../../wire.js";
import type { EnvironmentSheet, KeptScope } from "../environment.js";

type Node = unknown[];
type Callable = ((...given: unknown[]) => unknown) & { prototype?: object };
interface Graph {
  nodes: Node[];
  values: [name: string, node: number][];
  globals: [name: string, node: number][];
}
/** Why something cannot be kept; it goes with the variable that holds it. */
class Unkeepable extends Error {}

const textOf = (value: Callable): string => Function.prototype.toString.call(value);
const VIEWS = { Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView };
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const baseGlobals = new Set(Reflect.ownKeys(globalThis));
type Base64 = { toBase64(): string };
const base64 = (bytes: Uint8Array): string => (bytes as unknown as Base64).toBase64();
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => (Uint8Array as unknown as { fromBase64(text: string): Uint8Array<ArrayBuffer> }).fromBase64(text);

/** Modules are known by what they are; the linker finds them again by name. */
export interface Modules {
  nameOf(value: object): string | null;
  load(name: string): unknown;
}

class Writer {
  readonly nodes: Node[] = [];
  readonly functions: string[] = [];
  readonly classes: { source: string; names: string[] }[] = [];
  readonly #classAt = new Map<object, number>();
  #seen = new Map<unknown, number>();
  #added: unknown[] = [];
  readonly #sources: Map<string, string | null>;
  readonly #modules: Modules;

  constructor(sources: Map<string, string | null>, modules: Modules) {
    this.#sources = sources;
    this.#modules = modules;
  }

  /** The node of a value; when it cannot be kept nothing of it is left here. Throws Unkeepable. */
  root(value: unknown): number {
    const before = this.nodes.length;
    this.#added = [];
    try {
      return this.#node(value);
    } catch (error) {
      this.nodes.length = before;
      for (const each of this.#added) this.#seen.delete(each);
      throw error;
    }
  }

  classOf(value: unknown): { names: string[] } | undefined {
    const at = this.#classAt.get(value as object);
    return at === undefined ? undefined : this.classes[at];
  }

  #put(key: unknown, node: Node): number {
    const at = this.nodes.push(node) - 1;
    if (key !== undefined) {
      this.#seen.set(key, at);
      this.#added.push(key);
    }
    return at;
  }

  #node(value: unknown): number {
    switch (typeof value) {
      case "undefined": return this.#put(undefined, ["undefined"]);
      case "string": case "boolean": return this.#put(undefined, ["=", value]);
      case "number": return this.#put(undefined, Number.isFinite(value) && !Object.is(value, -0) ? ["=", value] : ["number", Object.is(value, -0) ? "-0" : `${value}`]);
      case "bigint": return this.#put(undefined, ["bigint", `${value}`]);
      case "symbol": {
        const key = Symbol.keyFor(value);
        if (key === undefined) throw new Unkeepable("a symbol is the same only within a run");
        return this.#put(undefined, ["symbol", key]);
      }
      case "function": return this.#seen.get(value) ?? this.#function(value as Callable);
      default: return value === null ? this.#put(undefined, ["=", null]) : (this.#seen.get(value) ?? this.#object(value as object));
    }
  }

  #source(value: Callable): string {
    const source = this.#sources.get(textOf(value));
    if (source === undefined) throw new Unkeepable(`${value.name || "a function"} is not from this file; import it in each run`);
    if (source === null) throw new Unkeepable(`${value.name || "a function"} uses variables of a function that has ended`);
    return source;
  }

  #function(value: Callable): number {
    if (/^class\b/.test(textOf(value))) return this.#put(value, ["class", this.#class(value)]);
    const source = this.#source(value);
    const node: Node = ["function", this.functions.push(source) - 1, value.name];
    const at = this.#put(value, node);
    this.#properties(value, node);
    return at;
  }

  #class(value: Callable): number {
    const known = this.#classAt.get(value);
    if (known !== undefined) return known;
    const source = this.#source(value);
    const parent = Object.getPrototypeOf(value) as Callable;
    if (this.#sources.has(typeof parent === "function" ? textOf(parent) : "")) this.#class(parent);
    const at = this.classes.push({ source, names: [] }) - 1;
    this.#classAt.set(value, at);
    const node: Node = ["statics", at];
    this.nodes.push(node);
    this.#properties(value, node);
    return at;
  }

  #object(value: object): number {
    const module = this.#modules.nameOf(value);
    if (module !== null) return this.#put(value, ["module", module]);
    const proto = Object.getPrototypeOf(value) as object | null;
    for (const [name, View] of Object.entries(VIEWS)) {
      if (proto === View.prototype) {
        const view = value as Uint8Array;
        return this.#put(value, ["view", name, base64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))]);
      }
    }
    if (proto === ArrayBuffer.prototype) return this.#put(value, ["buffer", base64(new Uint8Array(value as ArrayBuffer))]);
    if (proto === Date.prototype) return this.#put(value, ["date", Date.prototype.getTime.call(value)]);
    if (proto === RegExp.prototype) return this.#put(value, ["regexp", (value as RegExp).source, (value as RegExp).flags, (value as RegExp).lastIndex]);
    if (proto === URL.prototype) return this.#put(value, ["url", (value as URL).href]);
    for (const wrapped of [Number, String, Boolean]) if (proto === wrapped.prototype) return this.#put(value, ["boxed", (value as { valueOf(): unknown }).valueOf()]);
    for (const [name, Kind] of Object.entries(ERRORS)) if (proto === Kind.prototype) return this.#composite(value, ["error", name, (value as Error).stack ?? ""], true);
    if (proto === Array.prototype) return this.#composite(value, ["array", (value as unknown[]).length]);
    if (proto === Map.prototype) return this.#entries(value, ["map"], [...(value as Map<unknown, unknown>)].flat(1));
    if (proto === Set.prototype) return this.#entries(value, ["set"], [...(value as Set<unknown>)]);
    if (proto === Object.prototype || proto === null) return this.#composite(value, [proto === null ? "bare" : "object"]);
    return this.#instance(value, proto);
  }

  #instance(value: object, proto: object): number {
    const maker = Object.hasOwn(proto, "constructor") ? (proto as { constructor: Callable }).constructor : null;
    const kind = maker?.name || Object.prototype.toString.call(value).slice(8, -1);
    if (typeof maker !== "function" || maker.prototype !== proto || !/^class\b/.test(textOf(maker)) || !this.#sources.has(textOf(maker))) throw new Unkeepable(`it holds a ${kind}, which lives only within a run`);
    for (let each: Callable | null = maker; typeof each === "function" && this.#sources.has(textOf(each)); each = Object.getPrototypeOf(each) as Callable) {
      if (/[^\w$]#[\p{ID_Start}$_]/u.test(textOf(each))) throw new Unkeepable(`a ${kind} has private fields, which only the class itself sees`);
    }
    const at = this.#class(maker);
    const node: Node = ["instance", at];
    const items = value instanceof Map ? [...value].flat(1) : value instanceof Set ? [...value] : [];
    const base = value instanceof Map ? "map" : value instanceof Set ? "set" : Array.isArray(value) ? "array" : value instanceof Error ? "error" : "object";
    if (base === "object" && Object.prototype.toString.call(value) !== "[object Object]" && !(Symbol.toStringTag in value)) throw new Unkeepable(`it holds a ${kind}, which lives only within a run`);
    node.push(base, Array.isArray(value) ? value.length : 0);
    const index = this.#put(value, node);
    node.push(items.map((item) => this.#node(item)));
    this.#properties(value, node, base === "error");
    return index;
  }

  #composite(value: object, node: Node, hidden = false): number {
    const at = this.#put(value, node);
    this.#properties(value, node, hidden);
    return at;
  }

  #entries(value: object, node: Node, items: unknown[]): number {
    const at = this.#put(value, node);
    node.push(items.map((item) => this.#node(item)));
    this.#properties(value, node);
    return at;
  }

  #properties(value: object, node: Node, hidden = false): void {
    const found: [string, number][] = [];
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
      if (!property.enumerable && !(hidden && (key === "message" || key === "cause" || key === "errors"))) continue;
      if (typeof key === "symbol") throw new Unkeepable("it has a property whose name is a symbol");
      if (property.get !== undefined || property.set !== undefined) throw new Unkeepable(`${key} is an accessor`);
      found.push([key, this.#node(property.value)]);
    }
    node.push(found, Object.isFrozen(value) ? 2 : Object.isSealed(value) ? 1 : 0);
  }
}

class Reader {
  readonly #nodes: Node[];
  readonly #made: unknown[] = [];
  readonly #modules: Modules;
  functions: unknown[] = [];
  readonly classes: Callable[] = [];

  constructor(nodes: Node[], modules: Modules) {
    this.#nodes = nodes;
    this.#modules = modules;
  }

  statics(): void {
    this.#nodes.forEach((node) => {
      const [kind, at, properties, level] = node as [string, number, [string, number][], number];
      if (kind === "statics" && this.classes[at] !== undefined) this.#fill(this.classes[at], properties, level);
    });
  }

  value(at: number): unknown {
    if (at in this.#made) return this.#made[at];
    const [kind, ...given] = this.#nodes[at] as [string, ...never[]];
    return this.#make(at, kind, given);
  }

  #keep<T>(at: number, value: T): T {
    this.#made[at] = value;
    return value;
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a node holds depends on its kind
  #make(at: number, kind: string, given: any[]): unknown {
    const [first, second, third] = given;
    switch (kind) {
      case "undefined": return undefined;
      case "=": return first;
      case "number": return Number(first);
      case "bigint": return BigInt(first);
      case "symbol": return Symbol.for(first);
      case "class": return this.classes[first];
      case "module": return this.#keep(at, this.#modules.load(first));
      case "view": {
        const { buffer } = bytesOf(second);
        const View = VIEWS[first as keyof typeof VIEWS] as new (bytes: ArrayBuffer) => object;
        return this.#keep(at, new View(buffer));
      }
      case "buffer": return this.#keep(at, bytesOf(first).buffer);
      case "date": return this.#keep(at, new Date(first ?? Number.NaN));
      case "regexp": return this.#keep(at, Object.assign(new RegExp(first, second), { lastIndex: third }));
      case "url": return this.#keep(at, new URL(first));
      case "boxed": return this.#keep(at, Object(first));
      case "function": {
        const made = this.#keep(at, this.functions[first]) as Callable;
        if (made.name !== second) Object.defineProperty(made, "name", { value: second, configurable: true });
        return this.#fill(made, third, given[3]);
      }
      case "error": {
        const error = this.#keep(at, new ERRORS[first as keyof typeof ERRORS]());
        return this.#fill(Object.defineProperty(error, "stack", { value: second, writable: true, configurable: true }), third, given[3], true);
      }
      case "array": return this.#fill(this.#keep(at, new Array(first)), second, third);
      case "map": return this.#fill(this.#pairs(this.#keep(at, new Map()), first), second, third);
      case "set": return this.#fill(this.#items(this.#keep(at, new Set()), first), second, third);
      case "bare": case "object": return this.#fill(this.#keep(at, kind === "bare" ? Object.create(null) : {}), first, second);
      case "instance": {
        const maker = this.classes[first];
        if (maker?.prototype === undefined) return undefined;
        const base = second === "map" ? new Map() : second === "set" ? new Set() : second === "array" ? new Array(third) : second === "error" ? new Error() : {};
        const made = this.#keep(at, Object.setPrototypeOf(base, maker.prototype));
        if (second === "map") this.#pairs(made, given[3]);
        if (second === "set") this.#items(made, given[3]);
        return this.#fill(made, given[4], given[5], second === "error");
      }
      default: return undefined;
    }
  }

  #pairs<K extends Map<unknown, unknown>>(map: K, items: number[]): K {
    for (let at = 0; at < items.length; at += 2) Map.prototype.set.call(map, this.value(items[at] as number), this.value(items[at + 1] as number));
    return map;
  }

  #items<K extends Set<unknown>>(set: K, items: number[]): K {
    for (const item of items) Set.prototype.add.call(set, this.value(item));
    return set;
  }

  #fill<O extends object>(value: O, properties: [string, number][], level: number, hidden = false): O {
    for (const [name, node] of properties) {
      const enumerable = !(hidden && (name === "message" || name === "cause" || name === "errors"));
      Object.defineProperty(value, name, { value: this.value(node), writable: true, enumerable, configurable: true });
    }
    return level === 2 ? Object.freeze(value) : level === 1 ? Object.seal(value) : value;
  }
}

/** What the entry sees under the name that environment.ts gives it, and what is kept of it in the end. */
export class KeptNames {
  readonly #sheet: EnvironmentSheet;
  readonly #modules: Modules;
  readonly #reader: Reader;
  readonly #graph: Graph;
  #getters: [name: string, value: () => unknown][] = [];
  readonly #say: (text: string) => void;

  /** @param say to the program's stderr. */
  constructor(sheet: EnvironmentSheet, modules: Modules, say: (text: string) => void) {
    this.#sheet = sheet;
    this.#say = say;
    this.#modules = modules;
    this.#graph = (sheet.graph ?? { nodes: [], values: [], globals: [] }) as Graph;
    this.#reader = new Reader(this.#graph.nodes, modules);
    for (const name of sheet.lost) this.lost([name], new Error("its source cannot be read"));
  }

  keep(getters: [name: string, value: () => unknown][]): void { this.#getters = getters; }
  class(at: number, made: Callable): void { this.#reader.classes[at] = made; }
  only(holder: object): unknown { return Object.values(holder)[0] ?? Object.getOwnPropertyDescriptor(holder, Object.keys(holder)[0] ?? "")?.get; }
  lost(names: string[], why: unknown): void { for (const name of names) this.#say(`environment: ${name} is lost: ${why instanceof Error ? why.message : why}\n`); }
  functions(made: unknown[]): void {
    this.#reader.functions = made;
    this.#reader.statics();
    for (const [name, node] of this.#graph.globals) Object.defineProperty(globalThis, name, { value: this.#revived(name, node), writable: true, enumerable: true, configurable: true });
  }
  value(name: string): unknown {
    const found = this.#graph.values.find(([each]) => each === name);
    return found === undefined ? undefined : this.#revived(name, found[1]);
  }

  #revived(name: string, node: number): unknown {
    try {
      return this.#reader.value(node);
    } catch (error) {
      this.lost([name], error);
      return undefined;
    }
  }

  /** The body of the next state, and what people see of it. */
  written(show: (value: unknown) => string): { body: Uint8Array; variables: Kept["variables"] } {
    const sources = new Map(this.#sheet.sources);
    const writer = new Writer(sources, this.#modules);
    const variables: Kept["variables"] = [];
    const taken = (name: string, read: () => unknown): number | null => {
      try {
        const value = read();
        const node = writer.root(value);
        writer.classOf(value)?.names.push(name);
        const kind = value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value === "function" && /^class\b/.test(textOf(value as Callable)) ? "class" : typeof value;
        if (variables.length < VARIABLES_COUNT_MAX) variables.push({ name: name.slice(0, 120), type: `${kind}`.slice(0, 120), repr: show(value).slice(0, 160).toWellFormed() });
        return node;
      } catch (error) {
        // A name whose declaration was never reached holds nothing.
        if (error instanceof ReferenceError) return null;
        this.#say(`environment: ${name} is not kept: ${error instanceof Unkeepable ? error.message : error}\n`);
        return null;
      }
    };
    const graph: Graph = { nodes: writer.nodes, values: [], globals: [] };
    for (const [name, read] of this.#getters) {
      const node = taken(name, read);
      if (node !== null) graph.values.push([name, node]);
    }
    for (const name of Object.keys(globalThis)) {
      if (baseGlobals.has(name)) continue;
      const node = taken(name, () => (globalThis as Record<string, unknown>)[name]);
      if (node !== null) graph.globals.push([name, node]);
    }
    const named = new Set(writer.classes.flatMap(({ names }) => names));
    const scope: KeptScope = {
      imports: this.#sheet.imports, classes: writer.classes, functions: writer.functions, graph,
      names: graph.values.map(([name]) => name).filter((name) => !named.has(name)),
    };
    return { body: new TextEncoder().encode(JSON.stringify(scope)), variables };
  }
}

/** Puts an environment's pieces into the answer; says on the program's stderr what it could not keep. */
export function finishKept(
  names: KeptNames, environment: Environment, files: { session: ReadonlyMap<string, Uint8Array>; after: ReadonlyMap<string, Uint8Array> },
  show: (value: unknown) => string, say: (text: string) => void, send: (piece: string) => void, refused: (why: string) => string,
): string | undefined {
  const { body, variables } = names.written(show);
  const made = environment.keep(null, body, files.session, files.after);
  if (typeof made === "string") {
    say(refused(made));
    return undefined;
  }
  for (const piece of made.pieces) send(piece);
  return JSON.stringify({ variables, files: made.files } satisfies Kept);
}
