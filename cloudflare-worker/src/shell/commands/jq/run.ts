/** jq: runs programs over JSON values. Every expression is a generator of results; paths are results with the way to them. */
import { strftime } from "../../dates.js";
import { faultOf } from "../../files.js";
import type { Io, Program } from "../../machine.js";
import { options } from "../options.js";
import { type Def, definitions, type Expr, parse, type Pattern } from "./syntax.js";
import { JqFault, type JsonObject, kind, order, Reader, text, truth, type Value } from "./values.js";

type Path = Value[];
/** A value and, where it was asked for, the path to it. */
interface At {
  value: Value;
  path: Path | null;
}
interface Closure {
  def: Def | null;
  expr: Expr;
  scope: Scope;
}
class Scope {
  readonly variables: Map<string, Value>;
  readonly functions: Map<string, Closure>;
  readonly labels: Map<string, object>;
  constructor(from?: Scope) {
    this.variables = new Map(from?.variables);
    this.functions = new Map(from?.functions);
    this.labels = new Map(from?.labels);
  }
}
class Break {
  readonly label: object;
  constructor(label: object) {
    this.label = label;
  }
}
const CALL_DEPTH_MAX = 3000;

const PRELUDE = `
def map(f): [.[] | f]; def select(f): if f then . else empty end; def recurse(f): def r: ., (f | r); r; def recurse(f; c): def r: ., (f | select(c) | r); r; def recurse: recurse(.[]?);
def values: select(. != null); def nulls: select(. == null); def strings: select(type == "string"); def numbers: select(type == "number"); def arrays: select(type == "array"); def objects: select(type == "object"); def booleans: select(type == "boolean");
def scalars: select(type != "array" and type != "object"); def iterables: select(type == "array" or type == "object"); def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def from_entries: reduce .[] as $e ({}; . + {($e | if type == "object" then (if has("key") then .key elif has("k") then .k elif has("name") then .name elif has("Name") then .Name elif has("Key") then .Key else null end) else . end | if type == "string" then . else tojson end): ($e | if has("value") then .value elif has("v") then .v elif has("Value") then .Value else null end)});
def with_entries(f): to_entries | map(f) | from_entries; def add: reduce .[] as $x (null; . + $x); def add(f): reduce f as $x (null; . + $x); def any: reduce .[] as $x (false; . or $x); def all: reduce .[] as $x (true; . and $x);
def any(f): reduce (.[] | f) as $x (false; . or $x); def all(f): reduce (.[] | f) as $x (true; . and $x); def any(g; f): isempty(first(g | f | select(.))) | not; def all(g; f): isempty(first(g | f | select(. | not)));
def isempty(g): label $go | (g | false, break $go), true; def first(f): label $out | (f | ., break $out); def first: .[0]; def last: .[-1]; def last(f): reduce f as $x (null; $x); def nth($n): .[$n]; def nth($n; f): last(limit($n + 1; f));
def limit($n; f): if $n > 0 then label $out | foreach f as $x (0; . + 1; $x, if . >= $n then break $out else empty end) else empty end; def until(c; u): def r: if c then . else (u | r) end; r; def while(c; u): def r: if c then ., (u | r) else empty end; r; def repeat(f): def r: ., (f | r); r;
def in(o): . as $k | o | has($k); def inside(o): . as $x | o | contains($x); def map_values(f): .[] |= f; def paths: path(..) | select(length > 0); def paths(f): path(.. | select(f)) | select(length > 0); def leaf_paths: paths(scalars); def del(f): delpaths([path(f)]);
def todate: strftime("%Y-%m-%dT%H:%M:%SZ"); def fromdate: fromdateiso8601; def date: todate; def finites: select(isinfinite or isnan | not); def normals: select(isnormal); def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w; def env: $ENV; def ascii: [.] | implode; def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def min_by(f): sort_by(f) | .[0]; def max_by(f): sort_by(f) | .[-1]; def unique: unique_by(.); def group_by(f): sort_by(f) | reduce .[] as $x ([]; if length > 0 and ((.[-1][0] | [f]) == ($x | [f])) then .[-1] += [$x] else . + [[$x]] end); def unique_by(f): [group_by(f)[] | .[0]];
def test($re): test($re; null); def match($re): match($re; null); def capture($re): capture($re; null); def capture($re; $f): match($re; $f) | [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries; def scan($re): match($re; "g") | if (.captures | length) > 0 then [.captures[].string] else .string end;
def splits($re): splits($re; null); def splits($re; $f): split($re; $f) | .[]; def ascii_downcase: explode | map(if 65 <= . and . <= 90 then . + 32 else . end) | implode; def ascii_upcase: explode | map(if 97 <= . and . <= 122 then . - 32 else . end) | implode; def inputs: label $done | def r: (try input catch break $done) as $x | ($x, r); r; def halt_error: halt_error(5); def abs: if . < 0 then -. else . end; def toarray: if type == "array" then . else [.] end; def pick(f): . as $t | reduce path(f) as $p (null; setpath($p; $t | getpath($p))); def index($i): indices($i) | .[0]; def rindex($i): indices($i) | .[-1]; def debug: .;
`;
let prelude: Scope | null = null;
function base(): Scope {
  if (prelude !== null) return prelude;
  prelude = new Scope();
  for (const def of definitions(PRELUDE)) prelude.functions.set(`${def.name}/${def.params.length}`, { def, expr: def.body, scope: prelude });
  return prelude;
}

const shown = (value: Value): string => {
  const made = text(value, "", false);
  return `${kind(value)} (${made.length > 11 ? `${made.slice(0, 10)}...` : made})`;
};

function* none(): Generator<At> { /* nothing */ }

class Jq {
  #depth = 0;
  readonly #inputs: () => Value | undefined;
  constructor(inputs: () => Value | undefined) {
    this.#inputs = inputs;
  }
  *run(expr: Expr, input: Value, scope: Scope): Generator<Value> {
    for (const { value } of this.#eval(expr, { value: input, path: null }, scope)) yield value;
  }
  *#values(expr: Expr, input: Value, scope: Scope): Generator<Value> {
    for (const { value } of this.#eval(expr, { value: input, path: null }, scope)) yield value;
  }

  *#eval(expr: Expr, input: At, scope: Scope): Generator<At> {
    const plain = (value: Value): At => ({ value, path: input.path === null ? null : [null] });
    switch (expr.t) {
      case "dot": yield input; return;
      case "value": yield plain(expr.value); return;
      case "var": {
        const value = scope.variables.get(expr.name);
        if (value === undefined) throw new JqFault(`$${expr.name} is not defined`);
        yield plain(value);
        return;
      }
      case "recurse": yield* this.#recurse(input); return;
      case "format": yield plain(formatted(expr.name, input.value)); return;
      case "string": yield* this.#string(expr.parts, 0, "", expr.format, input, scope); return;
      case "index":
        for (const of of this.#eval(expr.of, input, scope)) for (const key of this.#values(expr.key, input.value, scope)) yield step(of, key);
        return;
      case "slice":
        for (const of of this.#eval(expr.of, input, scope)) for (const from of expr.from === null ? [null] : this.#values(expr.from, input.value, scope)) for (const to of expr.to === null ? [null] : this.#values(expr.to, input.value, scope)) yield step(of, new Map<string, Value>([["start", from], ["end", to]]));
        return;
      case "each":
        for (const of of this.#eval(expr.of, input, scope)) yield* each(of);
        return;
      case "try":
        try {
          yield* this.#eval(expr.of, input, scope);
        } catch (error) {
          if (!(error instanceof JqFault)) throw error;
          if (error.message === "break") throw error;
          if (expr.rescue !== null) yield* this.#eval(expr.rescue, { value: error.value, path: input.path }, scope);
        }
        return;
      case "array": yield plain(expr.of === null ? [] : [...this.#values(expr.of, input.value, scope)]); return;
      case "object": yield* this.#object(expr.entries, 0, new Map(), input, scope); return;
      case "pipe":
        for (const left of this.#eval(expr.left, input, scope)) yield* this.#eval(expr.right, left, scope);
        return;
      case "comma":
        yield* this.#eval(expr.left, input, scope);
        yield* this.#eval(expr.right, input, scope);
        return;
      case "and":
      case "or":
        for (const left of this.#values(expr.left, input.value, scope)) {
          if (truth(left) === (expr.t === "or")) yield plain(expr.t === "or");
          else for (const right of this.#values(expr.right, input.value, scope)) yield plain(truth(right));
        }
        return;
      case "alternative": {
        let any = false;
        try {
          for (const left of this.#eval(expr.left, input, scope)) {
            if (!truth(left.value)) continue;
            any = true;
            yield left;
          }
        } catch (error) {
          if (!(error instanceof JqFault)) throw error;
        }
        if (!any) yield* this.#eval(expr.right, input, scope);
        return;
      }
      case "binary":
        for (const right of this.#values(expr.right, input.value, scope)) for (const left of this.#values(expr.left, input.value, scope)) yield plain(binary(expr.op, left, right));
        return;
      case "negate":
        for (const value of this.#values(expr.of, input.value, scope)) {
          if (typeof value !== "number") throw new JqFault(`${shown(value)} cannot be negated`);
          yield plain(-value);
        }
        return;
      case "assign": yield* this.#assign(expr, input, scope); return;
      case "if":
        for (const test of this.#values(expr.test, input.value, scope)) yield* truth(test) ? this.#eval(expr.yes, input, scope) : expr.no === null ? [input] : this.#eval(expr.no, input, scope);
        return;
      case "as":
        for (const value of this.#values(expr.of, input.value, scope)) {
          for (const [at, pattern] of expr.patterns.entries()) {
            try {
              for (const bound of this.#bind(pattern, value, scope)) yield* this.#eval(expr.body, input, bound);
              break;
            } catch (error) {
              if (!(error instanceof JqFault) || at === expr.patterns.length - 1) throw error;
            }
          }
        }
        return;
      case "reduce":
        for (const init of this.#values(expr.init, input.value, scope)) {
          let state: Value = init;
          for (const value of this.#values(expr.of, input.value, scope)) for (const bound of this.#bind(expr.pattern, value, scope)) {
            let last: Value = null;
            for (const next of this.#values(expr.update, state, bound)) last = next;
            state = last;
          }
          yield plain(state);
        }
        return;
      case "foreach":
        for (const init of this.#values(expr.init, input.value, scope)) {
          let state: Value = init;
          for (const value of this.#values(expr.of, input.value, scope)) for (const bound of this.#bind(expr.pattern, value, scope)) {
            for (const next of this.#values(expr.update, state, bound)) {
              state = next;
              if (expr.extract === null) yield plain(next);
              else for (const out of this.#values(expr.extract, next, bound)) yield plain(out);
            }
          }
        }
        return;
      case "def": {
        const inner = new Scope(scope);
        inner.functions.set(`${expr.def.name}/${expr.def.params.length}`, { def: expr.def, expr: expr.def.body, scope: inner });
        yield* this.#eval(expr.body, input, inner);
        return;
      }
      case "label": {
        const inner = new Scope(scope);
        const label = {};
        inner.labels.set(expr.name, label);
        try {
          yield* this.#eval(expr.body, input, inner);
        } catch (error) {
          if (!(error instanceof Break) || error.label !== label) throw error;
        }
        return;
      }
      case "break": {
        const label = scope.labels.get(expr.name);
        if (label === undefined) throw new JqFault(`$*label-${expr.name} is not defined`);
        throw new Break(label);
      }
      case "call": yield* this.#call(expr, input, scope); return;
    }
  }

  *#recurse(input: At): Generator<At> {
    yield input;
    if (input.value instanceof Map || Array.isArray(input.value)) for (const inner of each(input)) yield* this.#recurse(inner);
  }
  *#string(parts: (string | Expr)[], at: number, made: string, format: string | null, input: At, scope: Scope): Generator<At> {
    const part = parts[at];
    if (part === undefined) {
      yield { value: made, path: null };
      return;
    }
    if (typeof part === "string") yield* this.#string(parts, at + 1, made + part, format, input, scope);
    else for (const value of this.#values(part, input.value, scope)) yield* this.#string(parts, at + 1, made + (formatted(format ?? "@text", value) as string), format, input, scope);
  }
  *#object(entries: { key: Expr; value: Expr | null }[], at: number, made: JsonObject, input: At, scope: Scope): Generator<At> {
    const entry = entries[at];
    if (entry === undefined) {
      yield { value: made, path: null };
      return;
    }
    for (const key of this.#values(entry.key, input.value, scope)) {
      if (typeof key !== "string") throw new JqFault(`Object keys must be strings`);
      for (const value of entry.value === null ? [step({ value: input.value, path: null }, key).value] : this.#values(entry.value, input.value, scope)) yield* this.#object(entries, at + 1, new Map(made).set(key, value), input, scope);
    }
  }
  *#bind(pattern: Pattern, value: Value, scope: Scope): Generator<Scope> {
    if (pattern.t === "var") {
      const bound = new Scope(scope);
      bound.variables.set(pattern.name, value);
      yield bound;
      return;
    }
    const inner = function* (this: Jq, at: number, now: Scope): Generator<Scope> {
      if (pattern.t === "array") {
        const item = pattern.items[at];
        if (item === undefined) {
          yield now;
          return;
        }
        for (const bound of this.#bind(item, step({ value, path: null }, at).value, now)) yield* inner.call(this, at + 1, bound);
        return;
      }
      const entry = pattern.entries[at];
      if (entry === undefined) {
        yield now;
        return;
      }
      for (const key of this.#values(entry.key, value, now)) {
        const found = step({ value, path: null }, key).value;
        const named = new Scope(now);
        if (entry.name !== null) named.variables.set(entry.name, found);
        if (entry.pattern === null) yield* inner.call(this, at + 1, named);
        else for (const bound of this.#bind(entry.pattern, found, named)) yield* inner.call(this, at + 1, bound);
      }
    };
    yield* inner.call(this, 0, scope);
  }
  *#paths(expr: Expr, value: Value, scope: Scope): Generator<Path> {
    for (const { path } of this.#eval(expr, { value, path: [] }, scope)) {
      if (path === null || path[0] === null) throw new JqFault("Invalid path expression");
      yield path;
    }
  }
  *#assign(expr: Extract<Expr, { t: "assign" }>, input: At, scope: Scope): Generator<At> {
    const { value } = input;
    if (expr.op === "|") {
      let made = value;
      const gone: Path[] = [];
      for (const path of this.#paths(expr.left, value, scope)) {
        const next = this.#values(expr.right, getPath(made, path), scope).next();
        if (next.done === true) gone.push(path);
        else made = setPath(made, path, 0, next.value);
      }
      yield { value: deletePaths(made, gone), path: null };
      return;
    }
    for (const right of this.#values(expr.right, value, scope)) {
      let made = value;
      for (const path of this.#paths(expr.left, value, scope)) {
        const old = getPath(made, path);
        made = setPath(made, path, 0, expr.op === "" ? right : expr.op === "//" ? (truth(old) ? old : right) : binary(expr.op, old, right));
      }
      yield { value: made, path: null };
    }
  }

  *#call(expr: Extract<Expr, { t: "call" }>, input: At, scope: Scope): Generator<At> {
    const name = `${expr.name}/${expr.args.length}`;
    const closure = scope.functions.get(name) ?? (NATIVE.has(name) || this.#own.has(name) ? undefined : base().functions.get(name));
    if (closure !== undefined) {
      if (closure.def === null) {
        yield* this.#eval(closure.expr, input, closure.scope);
        return;
      }
      this.#depth += 1;
      if (this.#depth > CALL_DEPTH_MAX) throw new JqFault(`functions are nested deeper than ${CALL_DEPTH_MAX}`);
      try {
        yield* this.#apply(closure, expr.args, 0, new Scope(closure.scope), input, scope);
      } finally {
        this.#depth -= 1;
      }
      return;
    }
    const own = this.#own.get(name);
    if (own !== undefined) {
      yield* own(expr.args, input, scope);
      return;
    }
    const native = NATIVE.get(name);
    if (native === undefined) throw new JqFault(`${name} is not defined`);
    yield* this.#native(native, expr.args, [], input, scope);
  }
  *#native(native: (input: Value, ...args: Value[]) => Value, args: Expr[], given: Value[], input: At, scope: Scope): Generator<At> {
    const next = args[given.length];
    if (next === undefined) yield { value: native(input.value, ...given), path: input.path === null ? null : [null] };
    else for (const value of this.#values(next, input.value, scope)) yield* this.#native(native, args, [...given, value], input, scope);
  }
  *#apply(closure: Closure, args: Expr[], at: number, inner: Scope, input: At, outer: Scope): Generator<At> {
    const { def } = closure;
    const param = def!.params[at];
    if (param === undefined) {
      inner.functions.set(`${def!.name}/${def!.params.length}`, closure);
      yield* this.#eval(def!.body, input, inner);
      return;
    }
    if (!param.startsWith("$")) {
      inner.functions.set(`${param}/0`, { def: null, expr: args[at]!, scope: outer });
      yield* this.#apply(closure, args, at + 1, inner, input, outer);
      return;
    }
    for (const value of this.#values(args[at]!, input.value, outer)) {
      const bound = new Scope(inner);
      bound.variables.set(param.slice(1), value);
      bound.functions.set(`${param.slice(1)}/0`, { def: null, expr: { t: "value", value }, scope: outer });
      yield* this.#apply(closure, args, at + 1, bound, input, outer);
    }
  }

  /** Functions that need more than values. */
  readonly #own = new Map<string, (args: Expr[], input: At, scope: Scope) => Generator<At>>(Object.entries({
    "empty/0": none,
    "error/0": (_: Expr[], input: At): Generator<At> => { throw new JqFault(typeof input.value === "string" ? input.value : `${text(input.value, "", false)} (not a string)`, input.value); },
    "error/1": (args: Expr[], input: At, scope: Scope): Generator<At> => {
      for (const value of this.#values(args[0]!, input.value, scope)) throw new JqFault(typeof value === "string" ? value : `${text(value, "", false)} (not a string)`, value);
      return none();
    },
    "path/1": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      for (const path of self.#paths(args[0]!, input.value, scope)) yield { value: path, path: null };
    })(this),
    "range/1": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      for (const to of self.#values(args[0]!, input.value, scope)) for (let at = 0; at < (to as number); at += 1) yield { value: at, path: null };
    })(this),
    "range/2": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      for (const from of self.#values(args[0]!, input.value, scope)) for (const to of self.#values(args[1]!, input.value, scope)) for (let at = from as number; at < (to as number); at += 1) yield { value: at, path: null };
    })(this),
    "range/3": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      const [from, to, by] = args.map((arg) => self.#values(arg, input.value, scope).next().value as number) as [number, number, number];
      if (by > 0) for (let at = from; at < to; at += by) yield { value: at, path: null };
      else if (by < 0) for (let at = from; at > to; at += by) yield { value: at, path: null };
    })(this),
    "sort_by/1": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      if (!Array.isArray(input.value)) throw new JqFault(`${shown(input.value)} cannot be sorted, as it is not an array`);
      const keyed = input.value.map((value) => ({ value, key: [...self.#values(args[0]!, value, scope)] }));
      yield { value: keyed.sort((a, b) => order(a.key, b.key)).map(({ value }) => value), path: null };
    })(this),
    "match/2": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      for (const re of self.#values(args[0]!, input.value, scope)) for (const flags of self.#values(args[1]!, input.value, scope)) for (const found of matches(input.value, re, flags)) yield { value: described(found), path: null };
    })(this),
    "input/0": ((self: Jq) => function* (): Generator<At> {
      const value = self.#inputs();
      if (value === undefined) throw new JqFault("No more inputs");
      yield { value, path: null };
    })(this),
    "getpath/1": ((self: Jq) => function* (args: Expr[], input: At, scope: Scope): Generator<At> {
      for (const path of self.#values(args[0]!, input.value, scope)) yield { value: getPath(input.value, path as Path), path: input.path === null ? null : [...input.path, ...(path as Path)] };
    })(this),
  }));
}

function step({ value, path }: At, key: Value): At {
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
function* each(of: At): Generator<At> {
  const { value, path } = of;
  if (Array.isArray(value)) for (const [at, item] of value.entries()) yield { value: item, path: path === null ? null : [...path, at] };
  else if (value instanceof Map) for (const [key, item] of value) yield { value: item, path: path === null ? null : [...path, key] };
  else throw new JqFault(`Cannot iterate over ${value === null ? "null" : shown(value)}`);
}
const getPath = (value: Value, path: Path): Value => path.reduce<Value>((now, key) => (now === null ? null : step({ value: now, path: null }, key).value), value);
function setPath(value: Value, path: Path, at: number, made: Value): Value {
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
function deletePaths(value: Value, paths: Path[]): Value {
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

function binary(op: string, a: Value, b: Value): Value {
  switch (op) {
    case "==": return order(a, b) === 0;
    case "!=": return order(a, b) !== 0;
    case "<": return order(a, b) < 0;
    case "<=": return order(a, b) <= 0;
    case ">": return order(a, b) > 0;
    case ">=": return order(a, b) >= 0;
    case "+":
      if (a === null) return b;
      if (b === null) return a;
      if (typeof a === "number" && typeof b === "number") return a + b;
      if (typeof a === "string" && typeof b === "string") return a + b;
      if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
      if (a instanceof Map && b instanceof Map) return new Map([...a, ...b]);
      break;
    case "-":
      if (typeof a === "number" && typeof b === "number") return a - b;
      if (Array.isArray(a) && Array.isArray(b)) return a.filter((item) => !b.some((other) => order(item, other) === 0));
      break;
    case "*":
      if (typeof a === "number" && typeof b === "number") return a * b;
      if (typeof a === "string" && typeof b === "number") return b <= 0 ? null : a.repeat(Math.max(1, Math.ceil(b)));
      if (typeof a === "number" && typeof b === "string") return binary(op, b, a);
      if (a instanceof Map && b instanceof Map) return merged(a, b);
      break;
    case "/":
      if (typeof a === "number" && typeof b === "number") {
        if (b === 0) throw new JqFault(`${shown(a)} and ${shown(b)} cannot be divided because the divisor is zero`);
        return a / b;
      }
      if (typeof a === "string" && typeof b === "string") return a === "" ? [] : a.split(b);
      break;
    case "%":
      if (typeof a === "number" && typeof b === "number") {
        if (Math.trunc(b) === 0) throw new JqFault(`${shown(a)} and ${shown(b)} cannot be divided because the divisor is zero`);
        return Math.trunc(a) % Math.abs(Math.trunc(b));
      }
  }
  throw new JqFault(`${shown(a)} and ${shown(b)} cannot be ${{ "+": "added", "-": "subtracted", "*": "multiplied", "/": "divided", "%": "divided" }[op]}`);
}
function merged(a: JsonObject, b: JsonObject): JsonObject {
  const made = new Map(a);
  for (const [key, value] of b) {
    const old = made.get(key);
    made.set(key, old instanceof Map && value instanceof Map ? merged(old, value) : value);
  }
  return made;
}
function indices(value: Value, wanted: Value): Value {
  if (value === null) return null;
  if (typeof value === "string" && typeof wanted === "string") {
    const found: Value[] = [];
    for (let at = value.indexOf(wanted); at >= 0 && wanted !== ""; at = value.indexOf(wanted, at + 1)) found.push([...value.slice(0, at)].length);
    return found;
  }
  if (!Array.isArray(value)) throw new JqFault(`Cannot determine indices of ${kind(value)}`);
  const list = Array.isArray(wanted) ? wanted : [wanted];
  return value.flatMap((_, at) => (list.length > 0 && list.every((item, offset) => at + offset < value.length && order(value[at + offset]!, item) === 0) ? [at] : []));
}
const asText = (value: Value): string => (typeof value === "string" ? value : text(value, "", false));
function formatted(name: string, value: Value): Value {
  const row = (): Value[] => {
    if (!Array.isArray(value)) throw new JqFault(`${shown(value)} cannot be ${name === "@csv" ? "csv" : "tsv"}-formatted, only an array can be`);
    return value;
  };
  const cell = (item: Value): void => { if (Array.isArray(item) || item instanceof Map) throw new JqFault(`${shown(item)} is not valid in a csv row`); };
  switch (name) {
    case "@text": return asText(value);
    case "@json": return text(value, "", false);
    case "@csv": return row().map((item) => { cell(item); return typeof item === "string" ? `"${item.replaceAll('"', '""')}"` : item === null ? "" : asText(item); }).join(",");
    case "@tsv": return row().map((item) => { cell(item); return item === null ? "" : asText(item).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r"); }).join("\t");
    case "@html": return asText(value).replace(/[<>&'"]/g, (char) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&quot;" })[char]!);
    case "@uri": return encodeURIComponent(asText(value)).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    case "@sh": return (Array.isArray(value) ? value : [value]).map((item) => (typeof item === "string" ? `'${item.replaceAll("'", "'\\''")}'` : asText(item))).join(" ");
    case "@base64": return btoa(String.fromCharCode(...new TextEncoder().encode(asText(value))));
    case "@base64d": return new TextDecoder().decode(Uint8Array.from(atob(asText(value)), (char) => char.charCodeAt(0)));
    default: throw new JqFault(`${name.slice(1)} is not a valid format`);
  }
}
function compiled(re: Value, flags: Value): RegExp {
  const [pattern, more] = Array.isArray(re) ? [re[0], re[1] ?? flags] : [re, flags];
  if (typeof pattern !== "string") throw new JqFault(`${shown(pattern ?? null)} cannot be matched, as it is not a string`);
  const given = typeof more === "string" ? more : "";
  for (const flag of given) if (!"gimsxnl".includes(flag)) throw new JqFault(`${given} is not a valid modifier string`);
  try {
    return new RegExp(given.includes("x") ? pattern.replace(/\s+|#.*/g, "") : pattern, `du${given.includes("g") ? "g" : ""}${given.includes("i") ? "i" : ""}${given.includes("s") ? "s" : ""}`);
  } catch {
    throw new JqFault(`${pattern} (at offset 0) is not a valid regex`);
  }
}
const chars = (subject: string, at: number): number => [...subject.slice(0, at)].length;
function matches(subject: Value, re: Value, flags: Value): { match: RegExpExecArray; subject: string }[] {
  if (typeof subject !== "string") throw new JqFault(`${shown(subject)} cannot be matched, as it is not a string`);
  const regex = compiled(re, flags);
  if (regex.global) return [...subject.matchAll(regex)].map((match) => ({ match: match as RegExpExecArray, subject }));
  const match = regex.exec(subject);
  return match === null ? [] : [{ match, subject }];
}
function described({ match, subject }: { match: RegExpExecArray; subject: string }): Value {
  const names = Object.entries(match.groups ?? {}).map(([name]) => name);
  const spans = (match as unknown as { indices: ([number, number] | undefined)[] & { groups?: Record<string, [number, number]> } }).indices;
  const captures = match.slice(1).map((group, at): Value => {
    const span = spans[at + 1];
    const name = names.find((own) => spans.groups?.[own]?.[0] === span?.[0] && spans.groups?.[own]?.[1] === span?.[1] && match.groups?.[own] === group) ?? null;
    return new Map<string, Value>([["offset", span === undefined ? -1 : chars(subject, span[0])], ["length", group === undefined ? 0 : [...group].length], ["string", group ?? null], ["name", name]]);
  });
  return new Map<string, Value>([["offset", chars(subject, match.index)], ["length", [...match[0]].length], ["string", match[0]], ["captures", captures]]);
}
const number = (value: Value): number => {
  if (typeof value !== "number") throw new JqFault(`${shown(value)} number required`);
  return value;
};
const texts = (value: Value): string => {
  if (typeof value !== "string") throw new JqFault(`${shown(value)} cannot be used as a string`);
  return value;
};
const array = (value: Value, what: string): Value[] => {
  if (!Array.isArray(value)) throw new JqFault(`${shown(value)} cannot be ${what}, as it is not an array`);
  return value;
};
function contains(a: Value, b: Value): boolean {
  if (a instanceof Map && b instanceof Map) return [...b].every(([key, value]) => a.has(key) && contains(a.get(key)!, value));
  if (Array.isArray(a) && Array.isArray(b)) return b.every((item) => a.some((other) => contains(other, item)));
  if (typeof a === "string" && typeof b === "string") return a.includes(b);
  if (kind(a) !== kind(b)) throw new JqFault(`${shown(a)} and ${shown(b)} cannot have their containment checked`);
  return order(a, b) === 0;
}
const flat = (list: Value[], depth: number): Value[] => list.flatMap((item) => (Array.isArray(item) && depth > 0 ? flat(item, depth - 1) : [item]));

const NATIVE = new Map<string, (input: Value, ...args: Value[]) => Value>(Object.entries({
  "not/0": (x: Value) => !truth(x), "true/0": () => true, "false/0": () => false, "null/0": () => null, "nan/0": () => Number.NaN, "infinite/0": () => Infinity, "now/0": () => Date.now() / 1000, "type/0": (x: Value) => kind(x), "tojson/0": (x: Value) => text(x, "", false), "tostring/0": (x: Value) => asText(x),
  "fromjson/0": (x: Value) => new Reader(texts(x)).next() ?? null, "keys/0": (x: Value) => (x instanceof Map ? [...x.keys()].sort() : Array.isArray(x) ? x.map((_, at) => at) : fail(`${shown(x)} has no keys`)), "keys_unsorted/0": (x: Value) => (x instanceof Map ? [...x.keys()] : Array.isArray(x) ? x.map((_, at) => at) : fail(`${shown(x)} has no keys`)),
  "length/0": (x: Value) => (x === null ? 0 : typeof x === "number" ? Math.abs(x) : typeof x === "string" ? [...x].length : Array.isArray(x) ? x.length : x instanceof Map ? x.size : fail(`${shown(x)} has no length`)), "utf8bytelength/0": (x: Value) => new TextEncoder().encode(texts(x)).length,
  "has/1": (x: Value, key: Value) => (x instanceof Map && typeof key === "string" ? x.has(key) : Array.isArray(x) && typeof key === "number" ? key >= 0 && key < x.length : fail(`Cannot check whether ${kind(x)} has a ${typeof key === "string" ? "string" : kind(key)} key`)), "contains/1": (x: Value, other: Value) => contains(x, other),
  "sort/0": (x: Value) => [...array(x, "sorted")].sort(order), "min/0": (x: Value) => [...array(x, "iterated over")].sort(order)[0] ?? null, "max/0": (x: Value) => [...array(x, "iterated over")].sort(order).at(-1) ?? null, "reverse/0": (x: Value) => (x === null ? [] : typeof x === "string" ? [...x].reverse().join("") : [...array(x, "reversed")].reverse()),
  "floor/0": (x: Value) => Math.floor(number(x)), "ceil/0": (x: Value) => Math.ceil(number(x)), "round/0": (x: Value) => Math.sign(number(x)) * Math.round(Math.abs(number(x))), "sqrt/0": (x: Value) => Math.sqrt(number(x)), "fabs/0": (x: Value) => Math.abs(number(x)), "trunc/0": (x: Value) => Math.trunc(number(x)), "exp/0": (x: Value) => Math.exp(number(x)), "log/0": (x: Value) => Math.log(number(x)), "log2/0": (x: Value) => Math.log2(number(x)), "log10/0": (x: Value) => Math.log10(number(x)), "pow/2": (_: Value, a: Value, b: Value) => number(a) ** number(b), "sin/0": (x: Value) => Math.sin(number(x)), "cos/0": (x: Value) => Math.cos(number(x)),
  "isnan/0": (x: Value) => Number.isNaN(number(x)), "isinfinite/0": (x: Value) => Math.abs(number(x)) === Infinity, "isnormal/0": (x: Value) => Number.isFinite(number(x)) && x !== 0, "tonumber/0": (x: Value) => (typeof x === "number" ? x : typeof x === "string" && x.trim() !== "" && !Number.isNaN(Number(x)) ? Number(x) : fail(typeof x === "string" ? "Invalid numeric literal" : `${shown(x)} cannot be parsed as a number`)),
  "startswith/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" ? x.startsWith(y) : fail("startswith() requires string inputs")), "endswith/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" ? x.endsWith(y) : fail("endswith() requires string inputs")), "ltrimstr/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" && x.startsWith(y) ? x.slice(y.length) : x), "rtrimstr/1": (x: Value, y: Value) => (typeof x === "string" && typeof y === "string" && y !== "" && x.endsWith(y) ? x.slice(0, -y.length) : x),
  "trim/0": (x: Value) => texts(x).trim(), "ltrim/0": (x: Value) => texts(x).trimStart(), "rtrim/0": (x: Value) => texts(x).trimEnd(), "explode/0": (x: Value) => [...texts(x)].map((char) => char.codePointAt(0)!), "implode/0": (x: Value) => array(x, "imploded").map((code) => String.fromCodePoint(number(code))).join(""),
  "split/1": (x: Value, y: Value) => (typeof x !== "string" || typeof y !== "string" ? fail("split input and separator must be strings") : x === "" ? [] : y === "" ? [...x] : x.split(y)), "split/2": (x: Value, re: Value, flags: Value) => { const subject = texts(x); const made: Value[] = []; let at = 0; for (const { match } of matches(subject, re, `g${typeof flags === "string" ? flags : ""}`)) { made.push(subject.slice(at, match.index)); at = match.index + match[0].length; } return [...made, subject.slice(at)]; },
  "join/1": (x: Value, y: Value) => array(x, "joined").map((item) => (item === null ? "" : Array.isArray(item) || item instanceof Map ? (fail(`${shown(item)} cannot be added`) as string) : asText(item))).join(texts(y)), "flatten/0": (x: Value) => flat(array(x, "flattened"), Infinity), "flatten/1": (x: Value, depth: Value) => flat(array(x, "flattened"), number(depth)), "indices/1": indices,
  "transpose/0": (x: Value) => { const rows = array(x, "transposed") as Value[][]; return Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, at) => rows.map((row) => row[at] ?? null)); }, "setpath/2": (x: Value, path: Value, made: Value) => setPath(x, path as Path, 0, made), "delpaths/1": (x: Value, paths: Value) => deletePaths(x, paths as Path[]),
  "test/2": (x: Value, re: Value, flags: Value) => matches(x, re, flags).length > 0, "sub/2": (x: Value, re: Value, made: Value) => texts(x).replace(compiled(re, null), () => texts(made)), "gsub/2": (x: Value, re: Value, made: Value) => texts(x).replace(compiled(re, "g"), () => texts(made)), "fromdateiso8601/0": (x: Value) => Math.floor(Date.parse(texts(x)) / 1000), "todateiso8601/0": (x: Value) => strftime("%Y-%m-%dT%H:%M:%SZ", number(x) * 1000), "strftime/1": (x: Value, format: Value) => strftime(texts(format), number(x) * 1000),
  "ascii/0": (x: Value) => String.fromCodePoint(number(x)), "halt_error/1": (x: Value) => fail(asText(x)),
}));
function fail(message: string): never {
  throw new JqFault(message);
}

const jq: Program = async (io: Io) => {
  const args: string[] = [];
  const named: JsonObject = new Map();
  const variables = new Map<string, Value>();
  let positional: Value[] | null = null;
  for (let at = 0; at < io.args.length; at += 1) {
    const arg = io.args[at]!;
    if (["--arg", "--argjson", "--slurpfile", "--rawfile"].includes(arg)) {
      const [name, raw] = [io.args[at + 1], io.args[at + 2]];
      if (name === undefined || raw === undefined) return io.fail(`${arg} takes two parameters (e.g. ${arg} varname value)`, 2);
      at += 2;
      try {
        const value: Value = arg === "--arg" ? raw : arg === "--argjson" ? (new Reader(raw).next() ?? null) : arg === "--rawfile" ? await io.text(io.open(raw)) : every(await io.text(io.open(raw)));
        variables.set(name, value);
        named.set(name, value);
      } catch (error) {
        return io.fail(error instanceof JqFault ? `Invalid JSON text passed to --argjson` : `Bad JSON in ${arg} ${name} ${raw}: ${faultOf(error)}`, 2);
      }
    } else if (arg === "--args" || arg === "--jsonargs") {
      positional = io.args.slice(at + 1).filter((own) => !own.startsWith("-"));
      if (args.filter((own) => !own.startsWith("-")).length === 0 && positional.length > 0) args.push(positional.shift() as string);
      if (arg === "--jsonargs") positional = positional.map((own) => new Reader(own as string).next() ?? null);
      break;
    } else args.push(arg);
  }
  const given = await options(io, { short: "rcjaSCMnesRf:h", long: { "raw-output": "r", "compact-output": "c", "join-output": "j", "ascii-output": "a", "sort-keys": "S", "color-output": "C", "monochrome-output": "M", "null-input": "n", "exit-status": "e", slurp: "s", "raw-input": "R", "from-file=": "f", tab: "tab", "indent=": "indent", "raw-output0": "raw0" } }, args);
  if (given === null) return 2;
  if (given.has("C", "h")) return io.usage(given.last("C", "h")!);
  const operands = [...given.operands];
  let source: string;
  try {
    source = given.has("f") ? await io.text(io.open(given.value("f")!)) : (operands.shift() ?? ".");
  } catch (error) {
    return io.fail(`error: Could not open ${given.value("f")}: ${faultOf(error)}`, 2);
  }
  let program: Expr;
  try {
    program = parse(source);
  } catch (error) {
    if (!(error instanceof JqFault)) throw error;
    await io.err(`jq: error: ${error.message}\njq: 1 compile error\n`);
    return 3;
  }
  const scope = new Scope();
  for (const [name, value] of variables) scope.variables.set(name, value);
  scope.variables.set("ENV", new Map(io.env));
  scope.variables.set("__prog_args", null);
  scope.variables.set("__loc__", new Map<string, Value>([["file", "<top-level>"], ["line", 1]]));
  scope.variables.set("ARGS", new Map<string, Value>([["positional", positional ?? []], ["named", named]]));
  base().variables.set("ENV", new Map(io.env));
  const indent = given.has("c") ? "" : given.has("tab") ? "\t" : " ".repeat(Number(given.value("indent") ?? 2));
  const raw = given.has("r", "j", "raw0");
  let input = "";
  for await (const { stream } of io.inputs(given.has("n") && operands.length === 0 ? [] : operands)) {
    if (given.has("n") && operands.length === 0) {
      if (!/\binputs?\b/.test(source)) {
        stream.release();
        break;
      }
    }
    input += await io.text(stream);
  }
  const reader = new Reader(input);
  const lines = given.has("R") && !given.has("s") ? input.split("\n") : [];
  if (lines.at(-1) === "") lines.pop();
  const next = (): Value | undefined => (given.has("R") && !given.has("s") ? lines.shift() : reader.next());
  let last: Value | undefined;
  const one = async (value: Value): Promise<void> => {
    try {
      for (const result of new Jq(next).run(program, value, scope)) {
        last = result;
        let shownText = raw && typeof result === "string" ? result : text(result, indent, given.has("S"));
        if (given.has("a")) shownText = shownText.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
        if (io.out(shownText + (given.has("j") ? "" : given.has("raw0") ? "\0" : "\n"))) await io.flush();
      }
    } catch (error) {
      if (error instanceof Break) await io.err("jq: error (at <stdin>:0): break\n");
      else if (error instanceof JqFault) await io.err(`jq: error (at <stdin>:0): ${error.message}\n`);
      else throw error;
      io.status = 5;
    }
  };
  try {
    if (given.has("n")) await one(null);
    else if (given.has("s")) await one(given.has("R") ? input : every(input));
    else for (let value = next(); value !== undefined; value = next()) await one(value);
  } catch (error) {
    if (!(error instanceof JqFault)) throw error;
    await io.err(`jq: ${error.message}\n`);
    return 2;
  }
  if (io.status !== 0) return io.status;
  return given.has("e") ? (last === undefined ? 4 : truth(last) ? 0 : 1) : 0;
};
function every(input: string): Value[] {
  const reader = new Reader(input);
  const list: Value[] = [];
  for (let value = reader.next(); value !== undefined; value = reader.next()) list.push(value);
  return list;
}
export const jqs: Record<string, Program> = { jq };
