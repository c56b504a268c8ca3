/** Runs jq programs over JSON values. Every expression is a generator of results; paths are results with the way to them. */
import { NATIVE } from "./natives.js";
import { binary } from "./operators.js";
import { type At, deletePaths, each, getPath, type Path, setPath, step } from "./paths.js";
import { base, type Closure, Scope } from "./prelude.js";
import type { Expr, Pattern } from "./syntax.js";
import { described, formatted, matches } from "./texts.js";
import { JqFault, type JsonObject, order, shown, text, truth, type Value } from "./values.js";

const CALL_DEPTH_MAX = 3000;

/** Leaves the `label` it belongs to. */
export class Break {
  readonly label: object;
  constructor(label: object) {
    this.label = label;
  }
}

function* none(): Generator<At> { /* nothing */ }

export class Jq {
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
