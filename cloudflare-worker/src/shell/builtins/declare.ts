/** declare, typeset, local, export, readonly: variables with attributes, and how they are listed. */
import { arrayText, attributeFlags } from "../parameters.js";
import { doubleQuoted, traced } from "../quoting.js";
import type { Shell } from "../shell.js";
import { assign, assignList } from "../simple.js";
import type { Assignment } from "../syntax/ast.js";
import { WordParser } from "../syntax/wordparser.js";
import type { Attributes, Variable } from "../variables.js";
import { VariableFault } from "../variables.js";
import { settle } from "../words.js";

interface Wanted {
  set: Attributes;
  clear: Attributes;
  list: boolean;
  map: boolean;
  functions: boolean;
  names: boolean;
  print: boolean;
  global: boolean;
  inherit: boolean;
  remove: boolean;
}

export async function declare(shell: Shell, name: string, args: (string | Assignment)[]): Promise<number> {
  const wanted: Wanted = { set: {}, clear: {}, list: false, map: false, functions: false, names: false, print: false, global: false, inherit: false, remove: false };
  const rest = [...args];
  let any = false;
  while (typeof rest[0] === "string" && /^[-+]./.test(rest[0])) {
    const flags = rest.shift() as string;
    if (flags === "--") break;
    any = true;
    const bad = options(name, flags, wanted);
    if (bad !== null) return await shell.complain(`${name}: ${flags[0]}${bad}: invalid option`, 2);
  }
  if (name === "export") wanted.set.exported = true;
  if (name === "readonly") wanted.set.readonly = true;
  if (name === "local" && !shell.calls.some(({ kind }) => kind === "function")) return await shell.complain("local: can only be used in a function");
  if (rest.length === 0) return await listed(shell, name, wanted, any);
  let status = 0;
  for (const arg of rest) {
    const assignment = typeof arg === "string" ? parsed(shell, arg, wanted) : arg;
    if (assignment === null) {
      status = await shell.complain(`${name}: \`${arg as string}': not a valid identifier`);
      continue;
    }
    if (wanted.functions) {
      const fn = shell.functions.get(assignment.name);
      if (fn === undefined) {
        if (name === "export") status = await shell.complain(`export: ${assignment.name}: not a function`);
        else status = 1;
      } else if (name === "export") fn.exported = !wanted.remove;
      else await shell.out(wanted.names ? `${fn.name}\n` : `${functionText(fn.source, fn.name)}\n`);
      continue;
    }
    if (wanted.print && assignment.value === undefined && assignment.items === undefined) {
      const variable = shell.variables.find(assignment.name);
      if (variable === undefined) status = await shell.complain(`${name}: ${assignment.name}: not found`);
      else await shell.out(`${declaration(shell, assignment.name, variable)}\n`);
      continue;
    }
    try {
      await (wanted.global ? globally(shell, assignment, wanted) : one(shell, name, assignment, wanted));
    } catch (error) {
      if (!(error instanceof VariableFault)) throw error;
      status = await shell.complain(`${name === "readonly" || name === "export" ? "" : `${name}: `}${error.message}`);
    }
  }
  return status;
}

function options(name: string, flags: string, wanted: Wanted): string | null {
  const on = flags[0] === "-";
  for (const flag of flags.slice(1)) {
    const to = on ? wanted.set : wanted.clear;
    if (name === "export" || name === "readonly") {
      if (!(name === "export" ? "fnp" : "aAfp").includes(flag)) return flag;
      if (flag === "n") {
        wanted.remove = true;
        wanted.clear.exported = true;
        continue;
      }
    }
    switch (flag) {
      case "a": wanted.list = on; break;
      case "A": wanted.map = on; break;
      case "f": wanted.functions = true; break;
      case "F":
        wanted.functions = true;
        wanted.names = true;
        break;
      case "g": wanted.global = true; break;
      case "i": to.integer = true; break;
      case "I": wanted.inherit = true; break;
      case "l": to.lower = true; break;
      case "n": to.nameref = true; break;
      case "p": wanted.print = true; break;
      case "r": to.readonly = true; break;
      case "t": break;
      case "u": to.upper = true; break;
      case "x": to.exported = true; break;
      default: return flag;
    }
  }
  return null;
}

/** An operand that came out of an expansion: `name`, `name=text`, `name=(…)` where an array is asked for. */
function parsed(shell: Shell, text: string, wanted: Wanted): Assignment | null {
  const match = /^([A-Za-z_]\w*)(\[[^\]]*\])?(?:(\+?=)(.*))?$/s.exec(text);
  if (match === null) return wanted.functions ? { name: text, append: false } : null;
  const [, name, index, operator, value] = match;
  const assignment: Assignment = { name: name!, append: operator === "+=" };
  if (index !== undefined) {
    const inner = WordParser.index(index.slice(1, -1), shell, shell.line);
    if (typeof inner !== "string") assignment.index = inner;
  }
  if (operator !== undefined) {
    const variable = shell.variables.find(name!);
    if (value!.startsWith("(") && value!.endsWith(")") && (wanted.list || wanted.map || variable?.isArray === true)) assignment.items = WordParser.items(value!, shell, shell.line);
    else assignment.value = { parts: [{ t: "quoted", s: value! }], plain: value! };
  }
  return assignment;
}

async function one(shell: Shell, name: string, assignment: Assignment, wanted: Wanted): Promise<void> {
  const inFunction = shell.variables.depth > 0;
  const local = name === "local" || (inFunction && (name === "declare" || name === "typeset"));
  // The value is expanded before the name gets its new meaning.
  let value: string | null = null;
  if (assignment.value !== undefined && assignment.index === undefined) {
    value = await settle(shell.expander.text(assignment.value, true));
  }
  const target = local || wanted.set.nameref === true || wanted.clear.nameref === true ? assignment.name : shell.variables.target(assignment.name);
  if (local) shell.variables.localise(assignment.name, wanted.inherit || shell.shopts.has("localvar_inherit"));
  await apply(shell, target, assignment, value, wanted);
}
async function globally(shell: Shell, assignment: Assignment, wanted: Wanted): Promise<void> {
  const value = assignment.value !== undefined && assignment.index === undefined ? await settle(shell.expander.text(assignment.value, true)) : null;
  await shell.variables.global(assignment.name, () => apply(shell, assignment.name, assignment, value, wanted));
}

async function apply(shell: Shell, name: string, assignment: Assignment, value: string | null, wanted: Wanted): Promise<void> {
  const { variables } = shell;
  const existing = variables.find(name);
  const assigns = assignment.value !== undefined || assignment.items !== undefined;
  const variable = existing?.attributes.readonly === true && !assigns && wanted.clear.readonly !== true ? existing : variables.demand(name);
  if (wanted.clear.readonly === true && variable.attributes.readonly === true) throw new VariableFault(`${name}: readonly variable`);
  const { readonly: freeze, ...first } = wanted.set;
  Object.assign(variable.attributes, first);
  if (first.lower === true) delete variable.attributes.upper;
  if (first.upper === true) delete variable.attributes.lower;
  for (const key of Object.keys(wanted.clear) as (keyof Attributes)[]) delete variable.attributes[key];
  if (wanted.map && variable.map === undefined) {
    if (variable.list !== undefined) throw new VariableFault(`${name}: cannot convert indexed to associative array`);
    variable.map = new Map(variable.value === undefined ? [] : [["0", variable.value]]);
    variable.value = undefined;
  }
  if ((wanted.list || (assignment.items !== undefined && variable.map === undefined)) && variable.list === undefined) {
    if (variable.map !== undefined) throw new VariableFault(`${name}: cannot convert associative to indexed array`);
    variable.list = variable.value === undefined ? [] : [variable.value];
    variable.value = undefined;
  }
  if (assignment.items !== undefined) await assignList(shell, name, assignment.items, assignment.append);
  else if (assignment.index !== undefined && assignment.value !== undefined) await assign(shell, assignment);
  else if (value !== null) {
    if (wanted.set.nameref === true) {
      if (!/^[A-Za-z_]\w*(\[.*\])?$/s.test(value)) throw new VariableFault(`\`${value}': invalid variable name for name reference`);
      if (value === name) throw new VariableFault(`${name}: nameref variable self references not allowed`);
      variable.value = value;
    } else shell.assign(name, null, value, assignment.append);
  }
  if (freeze === true) variables.find(name)!.attributes.readonly = true;
}

// --- listing ---

export function declaration(shell: Shell, name: string, variable: Variable): string {
  if (shell.variables.dynamic.has(name)) shell.variables.get(name);
  const flags = attributeFlags(variable);
  const value = variable.isArray ? (variable.isSet || variable.list !== undefined || variable.map !== undefined ? arrayText(variable) : null) : variable.value === undefined ? null : doubleQuoted(variable.value);
  return `declare -${flags === "" ? "-" : flags} ${name}${value === null ? "" : `=${value}`}`;
}
/** As `set` lists a variable. */
export function plainDeclaration(name: string, variable: Variable): string {
  return `${name}=${variable.isArray ? arrayText(variable) : traced(variable.value ?? "").replace(/^''$/, "")}`;
}
const HIDDEN = new Set(["LINENO", "RANDOM", "SECONDS", "SRANDOM", "EPOCHSECONDS", "EPOCHREALTIME", "BASHPID", "BASH_SUBSHELL", "_", "BASH_COMMAND", "SHELLOPTS", "BASHOPTS"]);

async function listed(shell: Shell, name: string, wanted: Wanted, any: boolean): Promise<number> {
  if (wanted.functions) {
    for (const fn of [...shell.functions.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) await shell.out(wanted.names ? `declare -f ${fn.name}\n` : `${functionText(fn.source, fn.name)}\n`);
    return 0;
  }
  const filters = Object.keys(wanted.set) as (keyof Attributes)[];
  const entries = [...shell.variables.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [variable, found] of entries) {
    if (HIDDEN.has(variable) || (name === "local" && !shell.variables.isLocal(variable))) continue;
    if (wanted.list && found.list === undefined) continue;
    if (wanted.map && found.map === undefined) continue;
    if (!filters.every((key) => found.attributes[key] === true)) continue;
    if (name === "local" || (!any && (name === "declare" || name === "typeset"))) {
      if (found.isSet) await shell.out(`${plainDeclaration(variable, found)}\n`);
    } else await shell.out(`${declaration(shell, variable, found)}\n`);
  }
  return 0;
}

/** A function as it was written. */
export const functionText = (source: string, name: string): string => {
  const body = source.replace(/^(function\s+)?[^\s({]+\s*(\(\s*\))?\s*/, "");
  return `${name} () \n${body}`;
};
