/** A shell's variables: scalars, arrays, associative arrays, their attributes, and the scopes that functions open. Nothing is expanded here. */
import { encode } from "./bytes.js";
import { MemoryFault } from "./faults.js";

export interface Attributes {
  exported?: boolean;
  readonly?: boolean;
  integer?: boolean;
  nameref?: boolean;
  lower?: boolean;
  upper?: boolean;
}

export class Variable {
  value: string | undefined;
  /** Sparse, by index. */
  list: string[] | undefined;
  map: Map<string, string> | undefined;
  attributes: Attributes = {};
  /** Whether a forked shell has the same list or map: it is copied before it is changed. */
  shared = false;

  constructor(value?: string) {
    this.value = value;
  }
  fork(): Variable {
    const copy = new Variable(this.value);
    copy.list = this.list;
    copy.map = this.map;
    copy.attributes = { ...this.attributes };
    if (this.list !== undefined || this.map !== undefined) {
      this.shared = true;
      copy.shared = true;
    }
    return copy;
  }
  own(): void {
    if (!this.shared) return;
    if (this.list !== undefined) this.list = this.list.slice();
    if (this.map !== undefined) this.map = new Map(this.map);
    this.shared = false;
  }
  get isSet(): boolean {
    return this.value !== undefined || (this.list !== undefined && this.list.length > 0) || (this.map !== undefined && this.map.size > 0);
  }
  get isArray(): boolean {
    return this.list !== undefined || this.map !== undefined;
  }
  scalar(): string | undefined {
    return this.list !== undefined ? this.list[0] : this.map !== undefined ? this.map.get("0") : this.value;
  }
  values(): string[] {
    if (this.list !== undefined) return indices(this.list).map((index) => this.list![index]!);
    if (this.map !== undefined) return this.keys().map((key) => this.map!.get(key)!);
    return this.value === undefined ? [] : [this.value];
  }
  keys(): string[] {
    if (this.list !== undefined) return indices(this.list).map(String);
    if (this.map !== undefined) return hashOrder([...this.map.keys()]);
    return this.value === undefined ? [] : ["0"];
  }
}

export function indices(list: string[]): number[] {
  const found: number[] = [];
  for (const index in list) found.push(Number(index));
  return found;
}

const BUCKETS = 1024;
/** Bash keeps associative arrays in a hash table and lists them in its order; scripts show that order. */
function hashOrder(keys: string[]): string[] {
  if (keys.length < 2) return keys;
  const placed = keys.map((key, at) => {
    let hash = 2166136261;
    for (const byte of encode(key)) hash = Math.imul(hash, 16777619) ^ (byte > 127 ? byte - 256 : byte);
    return { key, bucket: (hash >>> 0) % BUCKETS, at };
  });
  return placed.sort((a, b) => a.bucket - b.bucket || b.at - a.at).map(({ key }) => key);
}

/** What a shell refuses to do with a variable. */
export class VariableFault extends Error {}

interface Frame {
  saved: Map<string, Variable | undefined>;
}
type Dynamic = { get(): string | undefined; set?(value: string): void };

export class Variables {
  #table = new Map<string, Variable>();
  #frames: Frame[] = [];
  /** Names whose value is computed when it is asked for. */
  readonly dynamic = new Map<string, Dynamic>();
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  fork(): Variables {
    const copy = new Variables(this.#bytesMax);
    for (const [name, variable] of this.#table) copy.#table.set(name, variable.fork());
    copy.#frames = this.#frames.map(({ saved }) => ({ saved: new Map([...saved].map(([name, variable]) => [name, variable?.fork()])) }));
    return copy;
  }

  /** A name reference followed to what it stands for: a name, perhaps with an index. */
  target(name: string): string {
    let at = name;
    for (let steps = 0; steps < 20; steps += 1) {
      const variable = this.#table.get(at);
      if (variable?.attributes.nameref !== true || variable.value === undefined || variable.value === "") return at;
      at = variable.value;
      if (at.includes("[")) return at;
    }
    throw new VariableFault(`${name}: circular name reference`);
  }

  find(name: string): Variable | undefined {
    return this.#table.get(name);
  }
  get(name: string): string | undefined {
    const dynamic = this.dynamic.get(name);
    if (dynamic !== undefined) return dynamic.get();
    return this.#table.get(name)?.scalar();
  }
  names(): string[] {
    return [...this.#table.keys()];
  }
  entries(): IterableIterator<[string, Variable]> {
    return this.#table.entries();
  }

  /** The variable to be written, made if there is none. */
  demand(name: string): Variable {
    let variable = this.#table.get(name);
    if (variable === undefined) {
      variable = new Variable();
      this.#table.set(name, variable);
    }
    if (variable.attributes.readonly === true) throw new VariableFault(`${name}: readonly variable`);
    variable.own();
    return variable;
  }

  set(name: string, value: string, index?: string | number): void {
    if (value.length > this.#bytesMax) throw new MemoryFault(`${name}: cannot allocate ${value.length} bytes: the run's memory is used up`);
    const dynamic = index === undefined ? this.dynamic.get(name) : undefined;
    if (dynamic !== undefined) {
      dynamic.set?.(value);
      return;
    }
    const variable = this.demand(name);
    const kept = variable.attributes.lower === true ? value.toLowerCase() : variable.attributes.upper === true ? value.toUpperCase() : value;
    if (variable.map !== undefined) variable.map.set(index === undefined ? "0" : String(index), kept);
    else if (variable.list !== undefined || index !== undefined) {
      if (variable.list === undefined) {
        variable.list = variable.value === undefined ? [] : [variable.value];
        variable.value = undefined;
      }
      variable.list[index === undefined ? 0 : Number(index)] = kept;
    } else variable.value = kept;
  }

  unset(name: string): void {
    const variable = this.#table.get(name);
    if (variable?.attributes.readonly === true) throw new VariableFault(`${name}: cannot unset: readonly variable`);
    this.#table.delete(name);
    this.dynamic.delete(name);
  }

  // --- scopes ---

  get depth(): number {
    return this.#frames.length;
  }
  enter(): void {
    this.#frames.push({ saved: new Map() });
  }
  leave(): void {
    const frame = this.#frames.pop()!;
    for (const [name, variable] of frame.saved) {
      if (variable === undefined) this.#table.delete(name);
      else this.#table.set(name, variable);
    }
  }
  isLocal(name: string): boolean {
    return this.#frames.at(-1)?.saved.has(name) === true;
  }
  /** Hides what the name meant until the function ends. */
  localise(name: string, inherit = false): Variable {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new VariableFault("local: can only be used in a function");
    const old = this.#table.get(name);
    if (frame.saved.has(name)) return this.demand(name);
    if (old?.attributes.readonly === true) throw new VariableFault(`${name}: readonly variable`);
    frame.saved.set(name, old);
    const variable = inherit && old !== undefined ? old.fork() : new Variable();
    if (!inherit && old?.attributes.exported === true) variable.attributes.exported = true;
    this.#table.set(name, variable);
    return variable;
  }
  /** Sets a variable for one command and says how to undo it. */
  temporarily(name: string): () => void {
    const old = this.#table.get(name);
    if (old?.attributes.readonly === true) throw new VariableFault(`${name}: readonly variable`);
    const variable = new Variable();
    variable.attributes.exported = true;
    this.#table.set(name, variable);
    return () => {
      if (old === undefined) this.#table.delete(name);
      else this.#table.set(name, old);
    };
  }
  /** `declare -g`: what the name means outside of every function. */
  global<T>(name: string, action: () => T): T {
    const frame = this.#frames.find(({ saved }) => saved.has(name));
    if (frame === undefined) return action();
    const inner = this.#table.get(name);
    const outer = frame.saved.get(name);
    if (outer === undefined) this.#table.delete(name);
    else this.#table.set(name, outer);
    const done = action();
    frame.saved.set(name, this.#table.get(name));
    if (inner === undefined) this.#table.delete(name);
    else this.#table.set(name, inner);
    return done;
  }

  exported(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [name, variable] of this.#table) {
      if (variable.attributes.exported !== true) continue;
      const value = this.dynamic.get(name)?.get() ?? variable.value;
      if (value !== undefined) found.set(name, value);
    }
    return found;
  }
}
