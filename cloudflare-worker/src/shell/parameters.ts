/** Looks parameters up and does to their text what the operators of `${…}` say. How a result becomes words is words.ts. */
import { charCount, charsOf, sliceChars } from "./bytes.js";
import type { Whole } from "./arithmetic.js";
import { matches, patternRegex } from "./patterns.js";
import { backslashQuoted, doubleQuoted, singleQuoted } from "./quoting.js";
import type { Param, Word } from "./syntax/ast.js";
import { unescapeAnsi } from "./escapes.js";
import { indices, type Variable, type Variables } from "./variables.js";
import { type Expander, type Expanding, ExpansionFault } from "./words.js";

/** What an expansion gives: one value, a list, or a word that still has to be expanded. */
export interface Found {
  value?: string | undefined;
  list?: string[];
  star?: boolean;
  fields?: Word;
  /** The name to blame when there is no value. */
  unbound?: string;
}

export interface Owner {
  readonly variables: Variables;
  positional: string[];
  special(name: string): string | undefined;
  arithmetic(text: string): Whole;
  option(name: string): boolean;
  assign(name: string, index: string | null, value: string): void;
  prompt(text: string): string;
}

const POSITIONAL = /^[1-9]\d*$/;
const SPECIAL = /^[@*#?$!0-]$/;

export class Parameters {
  readonly #owner: Owner;
  constructor(owner: Owner) {
    this.#owner = owner;
  }

  get ifs(): string {
    return this.#owner.variables.get("IFS") ?? " \t\n";
  }

  /** A parameter as one text. */
  get(name: string): string | undefined {
    const first = name.charCodeAt(0);
    if (first >= 48 && first <= 57 && POSITIONAL.test(name)) return this.#owner.positional[Number(name) - 1];
    if (SPECIAL.test(name)) return this.#owner.special(name);
    const { variables } = this.#owner;
    const variable = variables.find(name);
    if (variable?.attributes.nameref === true) {
      const target = variables.target(name);
      return target.includes("[") ? this.#element(target) : variables.get(target);
    }
    return variables.get(name);
  }

  #element(text: string): string | undefined {
    const match = /^([A-Za-z_]\w*)\[(.*)\]$/s.exec(text);
    if (match === null) return this.get(text);
    if (match[2] === "@" || match[2] === "*") return this.list(match[1]!).join(" ");
    return this.item(match[1]!, match[2]!);
  }

  variable(name: string): Variable | undefined {
    const target = this.#owner.variables.target(name);
    if (this.#owner.variables.dynamic.has(target)) this.#owner.variables.get(target);
    return this.#owner.variables.find(target);
  }
  list(name: string): string[] {
    if (name === "@" || name === "*") return this.#owner.positional;
    const target = this.#owner.variables.target(name);
    if (this.#owner.variables.dynamic.has(target)) {
      const value = this.#owner.variables.get(target);
      return value === undefined ? [] : this.#owner.variables.find(target)?.values() ?? [value];
    }
    return this.#owner.variables.find(target)?.values() ?? [];
  }
  /** One element, its index not yet evaluated. */
  item(name: string, index: string): string | undefined {
    const { variables } = this.#owner;
    const target = variables.target(name);
    if (variables.dynamic.has(target)) variables.get(target);
    const variable = variables.find(target);
    if (variable?.map !== undefined) return variable.map.get(index);
    let at = Number(this.#owner.arithmetic(index));
    if (variable?.list === undefined) return at === 0 || at === -1 ? variables.get(target) : undefined;
    if (at < 0) at += variable.list.length;
    if (at < 0) throw new ExpansionFault(`${name}: bad array subscript`);
    return variable.list[at];
  }

  *index(param: { name: string; index?: Word | "@" | "*" }, expander: Expander): Expanding<string> {
    const index = param.index as Word;
    return this.variable(param.name)?.map !== undefined ? yield* expander.text(index) : yield* expander.arithmeticText(index);
  }

  *look(param: Param, expander: Expander): Expanding<Found> {
    const { variables } = this.#owner;
    if (param.names !== undefined) {
      const star = param.names.endsWith("*");
      if (param.names.startsWith("keys")) return { list: this.variable(param.name)?.keys() ?? [], star };
      return { list: variables.names().filter((name) => name.startsWith(param.name) && variables.find(name)!.isSet).sort(), star };
    }
    let found: Found;
    let { name } = param;
    let index: string | null = null;
    if (param.index === "@" || param.index === "*") found = { list: this.list(name), star: param.index === "*" };
    else if (name === "@" || name === "*") found = { list: this.#owner.positional, star: name === "*" };
    else if (param.index !== undefined) {
      index = yield* this.index(param, expander);
      found = { value: this.item(name, index), unbound: `${name}[${index}]` };
    } else found = { value: this.get(name), unbound: name };

    if (param.indirect === true) {
      const nameref = variables.find(name)?.attributes.nameref === true;
      const target = nameref ? variables.find(name)!.value : (found.list === undefined ? found.value : found.list.join(" "));
      if (nameref && param.op === undefined) return { value: target };
      if (target === undefined || target === "") {
        if (found.value === undefined && found.list === undefined) throw new ExpansionFault(`${name}: invalid indirect expansion`);
        throw new ExpansionFault(`${target ?? ""}: invalid variable name`);
      }
      const element = /^([A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[(.*)\])?$/s.exec(target);
      if (element === null) throw new ExpansionFault(`${target}: invalid variable name`);
      name = element[1]!;
      index = element[2] ?? null;
      if (index === "@" || index === "*") found = { list: this.list(name), star: index === "*" };
      else if (name === "@" || name === "*") found = { list: this.#owner.positional, star: name === "*" };
      else found = { value: index === null ? this.get(name) : this.item(name, index), unbound: name };
    }
    if (param.length === true) {
      if (found.list !== undefined) return { value: String(found.list.length) };
      if (found.value === undefined && this.#owner.option("nounset")) return found;
      return { value: String(charCount(found.value ?? "")) };
    }
    if (param.op === undefined) return found;
    return yield* this.#operate(param, name, index, found, expander);
  }

  *#operate(param: Param, name: string, index: string | null, found: Found, expander: Expander): Expanding<Found> {
    const op = param.op!;
    const conditional = /^:?([-=?+])$/.exec(op);
    if (conditional !== null) {
      const joined = found.list === undefined ? found.value : found.list.length === 0 ? undefined : found.list.join(" ");
      const present = joined !== undefined && !(op.startsWith(":") && joined === "");
      if (conditional[1] === "+") return present ? { fields: param.arg! } : { value: "" };
      if (present) return found;
      if (conditional[1] === "-") return { fields: param.arg! };
      const text = yield* expander.text(param.arg!);
      if (conditional[1] === "?") throw new ExpansionFault(`${name}: ${text === "" ? (op.startsWith(":") ? "parameter null or not set" : "parameter not set") : text}`, true);
      if (POSITIONAL.test(name) || SPECIAL.test(name)) throw new ExpansionFault(`$${name}: cannot assign in this way`);
      this.#owner.assign(name, index, text);
      return { value: text };
    }
    if (op === ":") return yield* this.#slice(param, name, found, expander);
    if (op === "@") return this.#transform(param.arg!.plain!, name, index, found);
    if (found.list === undefined && found.value === undefined) return found;
    const change = yield* this.#change(op, param, expander);
    return found.list !== undefined ? { list: found.list.map(change), star: found.star === true } : { value: change(found.value!) };
  }

  *#change(op: string, param: Param, expander: Expander): Expanding<(text: string) => string> {
    const extglob = true;
    if (op.startsWith("/")) {
      const pattern = yield* expander.pattern(param.arg!);
      const replacement = param.arg2 === undefined ? () => "" : yield* expander.replacement(param.arg2);
      if (pattern === "") return op === "/#" ? (text) => replacement("") + text : op === "/%" ? (text) => text + replacement("") : (text) => text;
      const regex = patternRegex(pattern, { extglob, start: op === "/#", end: op === "/%", global: op === "//" });
      return (text) => text.replace(regex, (match, ...rest) => (match === "" && op === "//" && rest.at(-2) === text.length && text.length > 0 ? "" : replacement(match)));
    }
    const pattern = param.arg === undefined || (param.arg.plain === "" && "^,~".includes(op[0]!)) ? "" : yield* expander.pattern(param.arg);
    switch (op) {
      case "#":
      case "##": {
        const regex = patternRegex(pattern, { extglob, start: true, lazy: op === "#" });
        return (text) => text.replace(regex, "");
      }
      case "%%": {
        const regex = patternRegex(pattern, { extglob, end: true });
        return (text) => text.replace(regex, "");
      }
      case "%": return (text) => {
        for (let at = text.length; at >= 0; at -= 1) if (matches(pattern, text.slice(at), { extglob })) return text.slice(0, at);
        return text;
      };
      default: {
        const applies = (char: string): boolean => pattern === "" || matches(pattern, char, { extglob });
        const turn = (char: string): string => (!applies(char) ? char : op[0] === "^" ? upper(char) : op[0] === "," ? lower(char) : char === upper(char) ? lower(char) : upper(char));
        return op.length === 2 ? (text) => [...text].map(turn).join("") : (text) => {
          const [first = ""] = [...text];
          return turn(first) + text.slice(first.length);
        };
      }
    }
  }

  *#slice(param: Param, name: string, found: Found, expander: Expander): Expanding<Found> {
    let start = Number(yield* expander.arithmetic(param.arg!));
    const length = param.arg2 === undefined ? undefined : Number(yield* expander.arithmetic(param.arg2));
    if (found.list !== undefined) {
      if (length !== undefined && length < 0) throw new ExpansionFault(`${param.arg2!.parts.map((part) => ("s" in part ? part.s : "")).join("")}: substring expression < 0`);
      let items: string[];
      if (name === "@" || name === "*") {
        items = [this.get("0") ?? "", ...found.list];
        if (start < 0) start += items.length;
      } else {
        const list = this.variable(name)?.list;
        if (start < 0) start += list?.length ?? found.list.length;
        // Indices, not positions: the list may have holes.
        if (list !== undefined) {
          items = indices(list).filter((at) => at >= start).map((at) => list[at]!);
          if (start >= 0) start = 0;
        } else items = found.list;
      }
      return { list: start < 0 ? [] : items.slice(start, length === undefined ? undefined : start + length), star: found.star === true };
    }
    if (found.value === undefined) return found;
    const size = charCount(found.value);
    if (start < 0) start += size;
    if (start < 0 || start > size) return { value: "" };
    let end = length === undefined ? size : length < 0 ? size + length : start + length;
    if (end < start) {
      if (length! < 0) throw new ExpansionFault(`${length}: substring expression < 0`);
      end = start;
    }
    return { value: sliceChars(found.value, start, end) };
  }

  #transform(kind: string, name: string, index: string | null, found: Found): Found {
    const variable = SPECIAL.test(name) || POSITIONAL.test(name) ? undefined : this.variable(name);
    if (kind === "a") {
      const flags = variable === undefined ? "" : attributeFlags(variable);
      return found.list !== undefined ? { list: found.list.map(() => flags) } : { value: flags };
    }
    if (kind === "A") {
      if (variable === undefined && found.value === undefined) return { value: "" };
      const flags = variable === undefined ? "" : attributeFlags(variable);
      if (found.list !== undefined && variable?.isArray === true) return { value: `declare -${flags} ${name}=${arrayText(variable)}` };
      return found.value === undefined ? { value: "" } : { value: `${flags === "" ? "" : `declare -${flags} `}${name}=${singleQuoted(found.value)}` };
    }
    if (kind === "K" || kind === "k") {
      if (found.list !== undefined && variable?.isArray === true) {
        const pairs = variable.keys().flatMap((key, at) => [key, variable.values()[at]!]);
        return kind === "k" ? { list: pairs } : { value: variable.keys().map((key, at) => `${key} ${doubleQuoted(variable.values()[at]!)}`).join(" ") };
      }
      return found.value === undefined ? found : { value: singleQuoted(found.value) };
    }
    const change = (text: string): string => {
      switch (kind) {
        case "Q": return singleQuoted(text);
        case "E": return unescapeAnsi(text);
        case "U": return [...text].map(upper).join("");
        case "L": return [...text].map(lower).join("");
        case "u": return upper([...text][0] ?? "") + text.slice(([...text][0] ?? "").length);
        case "P": return this.#owner.prompt(text);
        default: return text;
      }
    };
    void index;
    if (found.list !== undefined) return { list: found.list.map(change), star: found.star === true };
    return found.value === undefined ? found : { value: change(found.value) };
  }
}

/** One character to one, as the C library does: ß stays. */
export function upper(char: string): string {
  const turned = char.toUpperCase();
  return charCount(turned) === 1 ? turned : char;
}
export function lower(char: string): string {
  const turned = char.toLowerCase();
  return charCount(turned) === 1 ? turned : char;
}

export function attributeFlags(variable: Variable): string {
  const { attributes } = variable;
  return `${variable.list !== undefined ? "a" : ""}${variable.map !== undefined ? "A" : ""}${attributes.integer === true ? "i" : ""}${attributes.lower === true ? "l" : ""}${attributes.nameref === true ? "n" : ""}${attributes.readonly === true ? "r" : ""}${attributes.upper === true ? "u" : ""}${attributes.exported === true ? "x" : ""}`;
}
export function arrayText(variable: Variable): string {
  const keys = variable.keys();
  const values = variable.values();
  const items = keys.map((key, at) => `[${variable.map !== undefined ? (/^[A-Za-z0-9_@%+=:,./-]+$/.test(key) ? key : doubleQuoted(key)) : key}]=${doubleQuoted(values[at]!)}`);
  return variable.map !== undefined ? `(${items.map((item) => `${item} `).join("")})` : `(${items.join(" ")})`;
}
export { backslashQuoted, charsOf };
