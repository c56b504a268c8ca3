/** Runs simple commands: assignments, redirections, then a function, a builtin or a program (programs.ts). */
import { declare } from "./builtins/declare.js";
import { BUILTINS, SPECIAL_BUILTINS } from "./builtins/index.js";
import { faultOf } from "./files.js";
import { program } from "./programs.js";
import { traced } from "./quoting.js";
import { applied } from "./redirections.js";
import { ExitShell, type Shell } from "./shell.js";
import type { ArrayItem, Assignment, Simple, Word } from "./syntax/ast.js";
import { ExpansionFault, settle } from "./words.js";

const DECLARERS = new Set(["declare", "typeset", "local", "export", "readonly"]);
const isAssignment = (word: Word | Assignment): word is Assignment => "append" in word;

/** Runs one, and leaves its exit code in the shell. */
export async function simple(shell: Shell, command: Simple): Promise<void> {
  shell.line = command.line;
  const { interpreter } = shell;
  if (shell.traps.size > 0 && !shell.inTrap) {
    const trap = shell.traps.get("DEBUG");
    if (trap !== undefined && trap !== "") {
      shell.command = commandText(command);
      await interpreter.trapped(trap);
      shell.line = command.line;
    }
  }
  interpreter.substituted = null;
  const from = interpreter.openSubstitutions.length;
  try {
    const args: (string | Assignment)[] = [];
    let plain: string[];
    if (command.words.some(isAssignment)) {
      for (const word of command.words) {
        if (isAssignment(word)) args.push(word);
        else args.push(...(await settle(shell.expander.fields([word]))));
      }
      plain = args.map((arg) => (typeof arg === "string" ? arg : ""));
    } else {
      const made = settle(shell.expander.fields(command.words as Word[]));
      plain = made instanceof Promise ? await made : made;
    }
    if (shell.traps.has("ERR")) shell.command = commandText(command);
    if (plain.length === 0) await assignments(shell, command);
    else await run(shell, command, plain, args.length > 0 ? args : null);
  } finally {
    if (interpreter.openSubstitutions.length > from) await interpreter.closeSubstitutions(from);
  }
}

async function assignments(shell: Shell, command: Simple): Promise<void> {
  const { interpreter } = shell;
  if (command.redirections.length > 0) {
    const undo = await applied(shell, command.redirections);
    if (undo === null) {
      shell.status = 1;
      return;
    }
    undo();
  }
  for (const assignment of command.assignments) {
    if (shell.options.has("xtrace")) await trace(shell, [], [assignment]);
    await assign(shell, assignment);
  }
  shell.status = interpreter.substituted ?? 0;
}

/** Carries an assignment out. */
export async function assign(shell: Shell, assignment: Assignment): Promise<void> {
  if (assignment.items !== undefined) {
    await assignList(shell, shell.variables.target(assignment.name), assignment.items, assignment.append);
    return;
  }
  const made = settle(shell.expander.text(assignment.value!, true));
  const value = made instanceof Promise ? await made : made;
  if (assignment.index === undefined) {
    shell.assign(assignment.name, null, value, assignment.append);
    return;
  }
  const index = await settle(shell.parameters.index({ name: assignment.name, index: assignment.index }, shell.expander));
  if (index === "" && shell.parameters.variable(assignment.name)?.map !== undefined) throw new ExpansionFault(`${assignment.name}[${index}]: bad array subscript`);
  shell.assign(assignment.name, index, value, assignment.append);
}

export async function assignList(shell: Shell, name: string, items: readonly ArrayItem[], append: boolean): Promise<void> {
  const old = shell.variables.find(name);
  const integer = old?.attributes.integer === true;
  const worth = (text: string): string => (integer ? String(shell.arithmetic(text)) : old?.attributes.lower === true ? text.toLowerCase() : old?.attributes.upper === true ? text.toUpperCase() : text);
  if (old?.map !== undefined) {
    const map = new Map(append ? old.map : []);
    const loose: string[] = [];
    for (const item of items) {
      if (item.index === undefined) loose.push(...(await settle(shell.expander.fields([item.value]))));
      else {
        const key = await settle(shell.expander.text(item.index));
        const value = worth(await settle(shell.expander.text(item.value, true)));
        map.set(key, item.append === true ? (map.get(key) ?? "") + value : value);
      }
    }
    for (let at = 0; at < loose.length; at += 2) map.set(loose[at]!, worth(loose[at + 1] ?? ""));
    shell.variables.demand(name).map = map;
    return;
  }
  const list = append ? [...(old?.list === undefined ? (old?.value === undefined ? [] : [old.value]) : [])] : [];
  const made = append && old?.list !== undefined ? old.list.slice() : list;
  for (const item of items) {
    if (item.index === undefined) {
      const found = settle(shell.expander.fields([item.value]));
      for (const value of found instanceof Promise ? await found : found) made.push(worth(value));
    } else {
      let at = Number(shell.arithmetic(await settle(shell.expander.arithmeticText(item.index))));
      if (at < 0) at += made.length;
      if (at < 0) throw new ExpansionFault(`${name}: bad array subscript`);
      const value = worth(await settle(shell.expander.text(item.value, true)));
      made[at] = item.append === true ? (made[at] ?? "") + value : value;
    }
  }
  const variable = shell.variables.demand(name);
  variable.list = made;
  variable.value = undefined;
}

async function trace(shell: Shell, words: string[], assigned: readonly Assignment[]): Promise<void> {
  const shown: string[] = [];
  for (const assignment of assigned) {
    const value = assignment.items === undefined ? traced(await settle(shell.expander.text(assignment.value!, true))) : `(${(await settle(shell.expander.fields(assignment.items.map((item) => item.value)))).map(traced).join(" ")})`;
    shown.push(`${assignment.name}${assignment.append ? "+" : ""}=${value === "''" ? "" : value}`);
  }
  const ps4 = shell.value("PS4") ?? "+ ";
  const prefix = ps4.includes("$") ? ps4.replace(/\$\{?LINENO\}?/g, String(shell.line)).replace(/\$\{BASH_SOURCE\}|\$0/g, shell.name) : ps4;
  await shell.write(2, `${prefix.slice(0, 1).repeat(shell.subshell)}${prefix}${[...shown, ...words.map(traced)].join(" ")}\n`);
}

export async function run(shell: Shell, command: Simple, words: string[], args: (string | Assignment)[] | null): Promise<void> {
  const name = words[0]!;
  if (shell.options.has("xtrace")) await trace(shell, words.filter((word, at) => word !== "" || at >= (args?.length ?? 0) || typeof args?.[at] === "string"), [...command.assignments, ...(args ?? []).filter((arg) => typeof arg !== "string")]);
  const undoes: (() => void)[] = [];
  const special = SPECIAL_BUILTINS.has(name) && shell.options.has("posix");
  try {
    for (const assignment of command.assignments) {
      const value = assignment.items === undefined ? await settle(shell.expander.text(assignment.value!, true)) : "";
      const before = shell.value(assignment.name) ?? "";
      if (special) shell.assign(assignment.name, null, value, assignment.append);
      else {
        undoes.push(shell.variables.temporarily(assignment.name));
        shell.variables.set(assignment.name, assignment.append ? before + value : value);
      }
    }
    if (name === "exec") return await exec(shell, command, words);
    const undo = command.redirections.length === 0 ? null : await applied(shell, command.redirections);
    if (command.redirections.length > 0 && undo === null) {
      shell.status = 1;
      return;
    }
    try {
      await dispatch(shell, words, args);
    } finally {
      undo?.();
    }
  } finally {
    for (const undo of undoes.reverse()) undo();
  }
  shell.lastArgument = words.at(-1)!;
}

/** Finds out what a name means and runs it. */
export async function dispatch(shell: Shell, words: string[], args: (string | Assignment)[] | null = null, { functions = true } = {}): Promise<void> {
  const name = words[0]!;
  const fn = functions ? shell.functions.get(name) : undefined;
  if (fn !== undefined) {
    await shell.interpreter.call(fn, words.slice(1));
    return;
  }
  if (DECLARERS.has(name)) {
    shell.status = await declare(shell, name, (args ?? words).slice(1));
    return;
  }
  if ((name === "command" || name === "builtin") && args !== null && DECLARERS.has(words[1] ?? "")) {
    shell.status = await declare(shell, words[1]!, args.slice(2));
    return;
  }
  const builtin = BUILTINS.get(name);
  if (builtin !== undefined) {
    try {
      const status = builtin(shell, words.slice(1), name);
      shell.status = typeof status === "number" ? status : await status;
    } catch (error) {
      shell.status = await failed(shell, name, error);
    }
    return;
  }
  shell.status = await program(shell, words);
}
async function failed(shell: Shell, name: string, error: unknown): Promise<number> {
  if (typeof (error as { code?: unknown } | null)?.code === "string") return await shell.complain(`${name}: write error: ${faultOf(error)}`);
  throw error;
}

/** `exec`: the redirections stay, and a command takes the shell's place. */
async function exec(shell: Shell, command: Simple, words: string[]): Promise<void> {
  const undo = command.redirections.length === 0 ? () => undefined : await applied(shell, command.redirections);
  if (undo === null) throw new ExitShell(1);
  let rest = words.slice(1);
  while (rest[0]?.startsWith("-") === true) {
    if (rest[0] === "-a") rest = rest.slice(2);
    else if (/^-[cl]+$/.test(rest[0]) || rest[0] === "--") rest = rest.slice(1);
    else {
      shell.status = await shell.complain(`exec: ${rest[0]}: invalid option`, 2);
      return;
    }
  }
  if (rest.length === 0) {
    shell.status = 0;
    return;
  }
  const status = await program(shell, rest);
  shell.traps.delete("EXIT");
  throw new ExitShell(status);
}

// --- programs ---

/** About what was written, for BASH_COMMAND. */
function commandText(command: Simple): string {
  const word = (made: Word): string => made.parts.map((part): string => (part.t === "lit" ? part.s : part.t === "quoted" ? (/[\s'"$]/.test(part.s) ? `'${part.s}'` : part.s) : part.t === "dq" ? `"${word({ parts: part.parts.map((inner) => (inner.t === "quoted" ? { t: "lit", s: inner.s } : inner)) })}"` : part.t === "param" ? (part.op === undefined && part.index === undefined && part.length !== true ? `$${part.name}` : `\${${part.name}}`) : part.t === "command" ? `$(${part.source})` : part.t === "arith" ? `$((${word(part.word)}))` : "")).join("");
  const assigned = (made: Assignment): string => `${made.name}${made.append ? "+" : ""}=${made.value === undefined ? "(...)" : word(made.value)}`;
  return [...command.assignments.map(assigned), ...command.words.map((made) => (isAssignment(made) ? assigned(made) : word(made)))].join(" ");
}
