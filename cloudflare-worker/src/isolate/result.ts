/**
 * Makes JSON text of any value a program returns, without trusting one of its methods: cycles, getters that throw, huge and strange values
 * all end in something sayable. It never throws.
 */
import { RESULT_CHARS_MAX, RESULT_DEPTH_MAX } from "../limits.js";
import { isArray, isFiniteNumber, keys, stringify, textOf, toWellFormed, uncurryThis } from "./primordials.js";

export type Serialized = { json: string | undefined; fault?: string };

class TooLarge {}

const mapForEach = uncurryThis(Map.prototype.forEach);
const setForEach = uncurryThis(Set.prototype.forEach);
const toISO = uncurryThis(Date.prototype.toISOString);
const typedLength = uncurryThis(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")?.get as () => number);

class Writer {
  readonly #above: unknown[] = [];
  #chars = 0;

  value(value: unknown): string | undefined {
    const json = this.#text(value);
    this.#chars += json === undefined ? 4 : 1;
    if (json !== undefined && this.#above.length === 0 && json.length > RESULT_CHARS_MAX) throw new TooLarge();
    if (this.#chars > RESULT_CHARS_MAX) throw new TooLarge();
    return json;
  }

  #text(value: unknown): string | undefined {
    switch (typeof value) {
      case "string": return this.#string(value);
      case "boolean": return value ? "true" : "false";
      case "number": return isFiniteNumber(value) ? textOf(value === 0 ? 0 : value) : "null";
      case "bigint": return this.#string(textOf(value));
      case "object": return value === null ? "null" : this.#object(value);
      default: return undefined;
    }
  }

  #string(value: string): string {
    this.#chars += value.length;
    if (this.#chars > RESULT_CHARS_MAX) throw new TooLarge();
    return stringify(toWellFormed(value));
  }

  #object(value: object): string | undefined {
    const depth = this.#above.length;
    for (let at = 0; at < depth; at += 1) if (this.#above[at] === value) return '"[Circular]"';
    if (depth >= RESULT_DEPTH_MAX) return '"[too deep]"';
    this.#above[depth] = value;
    try {
      return this.#composite(value);
    } finally {
      this.#above.length = depth;
    }
  }

  #composite(value: object): string | undefined {
    if (isArray(value)) return this.#list(value);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) {
      const items: unknown[] = [];
      setForEach(value, (item: unknown) => { items[items.length] = item; });
      return this.#list(items);
    }
    if (value instanceof Date) {
      try { return this.#string(toISO(value)); } catch { return "null"; }
    }
    if (value instanceof Error) return this.#entries(["name", "message"], (key) => value[key as "name" | "message"]);
    if (value instanceof RegExp) return this.#string(textOf(value));
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const items: unknown[] = [];
      const length = typedLength(value);
      if (length > RESULT_CHARS_MAX) throw new TooLarge();
      for (let at = 0; at < length; at += 1) items[at] = (value as Uint8Array)[at];
      return this.#list(items);
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") return this.value((value as { toJSON(): unknown }).toJSON());
    return this.#entries(keys(value), (key) => (value as Record<string, unknown>)[key]);
  }

  #list(items: readonly unknown[]): string {
    let out = "";
    for (let at = 0; at < items.length; at += 1) out += (at > 0 ? "," : "") + (this.value(items[at]) ?? "null");
    return `[${out}]`;
  }

  #map(value: Map<unknown, unknown>): string {
    const names: string[] = [];
    const pairs: unknown[][] = [];
    mapForEach(value, (item: unknown, key: unknown) => {
      if (typeof key === "string") names[names.length] = key;
      pairs[pairs.length] = [key, item];
    });
    if (names.length < pairs.length) return this.#list(pairs);
    let at = 0;
    return this.#entries(names, () => pairs[at++]?.[1]);
  }

  #entries(names: readonly string[], read: (name: string) => unknown): string {
    let out = "";
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at] as string;
      const json = this.value(read(name));
      if (json !== undefined) out += `${out === "" ? "" : ","}${this.#string(name)}:${json}`;
    }
    return `{${out}}`;
  }
}

export function serialize(value: unknown): Serialized {
  try {
    return { json: new Writer().value(value) };
  } catch (error) {
    if (error instanceof TooLarge) return { json: undefined, fault: `the result is larger than ${RESULT_CHARS_MAX} characters` };
    return { json: undefined, fault: "the result cannot be made JSON" };
  }
}
