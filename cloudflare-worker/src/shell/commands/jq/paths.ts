/** Ways into values: following, setting and deleting what lies at the end of a path. */
import { indices } from "./operators.js";
import { JqFault, kind, order, shown, type Value } from "./values.js";

export type Path = Value[];
/** A value and, where it was asked for, the path to it. */
export interface At {
  value: Value;
  path: Path | null;
}

export function step({ value, path }: At, key: Value): At {
  const way = path === null ? null : [...path, key];
  if (key instanceof Map && (Array.isArray(value) || typeof value === "string" || value === null)) {
    if (value === null) return { value: null, path: way };
    const chars: Value[] | string[] = typeof value === "string" ? [...value] : value;
    const at = (edge: Value | undefined, usual: number): number => (typeof edge === "number" ? Math.max(0, Math.min(chars.length, edge < 0 ? chars.length + Math.floor(edge) : usual === 0 ? Math.floor(edge) : Math.ceil(edge))) : usual);
    const part = chars.slice(at(key.get("start"), 0), at(key.get("end"), chars.length));
    return { value: typeof value === "string" ? part.join("") : (part as Value[]), path: way };
  }
  if (value === null && (typeof key === "string" || typeof key === "number")) return { value: null, path: way };
  if (value instanceof Map && typeof key === "string") return { value: value.get(key) ?? null, path: way };
  if (Array.isArray(value) && typeof key === "number") return { value: value[Math.floor(key) + (key < 0 ? value.length : 0)] ?? null, path: way };
  if (Array.isArray(value) && Array.isArray(key)) return { value: indices(value, key), path: way };
  throw new JqFault(`Cannot index ${kind(value)} with ${typeof key === "string" ? `"${key}"` : kind(key)}`);
}
export function* each(of: At): Generator<At> {
  const { value, path } = of;
  if (Array.isArray(value)) for (const [at, item] of value.entries()) yield { value: item, path: path === null ? null : [...path, at] };
  else if (value instanceof Map) for (const [key, item] of value) yield { value: item, path: path === null ? null : [...path, key] };
  else throw new JqFault(`Cannot iterate over ${value === null ? "null" : shown(value)}`);
}
export const getPath = (value: Value, path: Path): Value => path.reduce<Value>((now, key) => (now === null ? null : step({ value: now, path: null }, key).value), value);
export function setPath(value: Value, path: Path, at: number, made: Value): Value {
  if (at === path.length) return made;
  const key = path[at]!;
  if (typeof key === "string") {
    if (value !== null && !(value instanceof Map)) throw new JqFault(`Cannot index ${kind(value)} with "${key}"`);
    return new Map(value ?? []).set(key, setPath(value?.get(key) ?? null, path, at + 1, made));
  }
  if (typeof key === "number") {
    if (value !== null && !Array.isArray(value)) throw new JqFault(`Cannot index ${kind(value)} with number`);
    const list = [...(value ?? [])];
    const place = key < 0 ? key + list.length : key;
    if (place < 0) throw new JqFault("Out of bounds negative array index");
    while (list.length < place) list.push(null);
    list[place] = setPath(list[place] ?? null, path, at + 1, made);
    return list;
  }
  if (key instanceof Map && (value === null || Array.isArray(value))) {
    const list = [...(value ?? [])];
    const edge = (name: string, usual: number): number => { const own = key.get(name); return typeof own === "number" ? (own < 0 ? list.length + own : own) : usual; };
    const [from, to] = [edge("start", 0), edge("end", list.length)];
    const inner = setPath(list.slice(from, to), path, at + 1, made);
    if (!Array.isArray(inner)) throw new JqFault("A slice of an array can only be assigned another array");
    list.splice(from, Math.max(0, to - from), ...inner);
    return list;
  }
  throw new JqFault(`Invalid path component ${kind(key)}`);
}
export function deletePaths(value: Value, paths: Path[]): Value {
  return [...paths].sort((a, b) => order(b, a)).reduce((now, path) => deletePath(now, path, 0), value);
}
function deletePath(value: Value, path: Path, at: number): Value {
  if (value === null || at >= path.length) return null;
  const key = path[at]!;
  const last = at === path.length - 1;
  if (value instanceof Map && typeof key === "string") {
    if (!value.has(key)) return value;
    const copy = new Map(value);
    if (last) copy.delete(key);
    else copy.set(key, deletePath(value.get(key)!, path, at + 1));
    return copy;
  }
  if (Array.isArray(value) && typeof key === "number") {
    const place = key < 0 ? key + value.length : key;
    if (place < 0 || place >= value.length) return value;
    const copy = [...value];
    if (last) copy.splice(place, 1);
    else copy[place] = deletePath(value[place]!, path, at + 1);
    return copy;
  }
  if (Array.isArray(value) && key instanceof Map && last) {
    const gone = step({ value, path: null }, key).value as Value[];
    const start = typeof key.get("start") === "number" ? (key.get("start") as number) : 0;
    const copy = [...value];
    copy.splice(start < 0 ? start + value.length : start, gone.length);
    return copy;
  }
  throw new JqFault(`Cannot delete field at ${typeof key === "string" ? "object" : "array"} index of ${kind(value)}`);
}
