/** Runs simple commands: assignments, redirections, then a function, a builtin or a program. */
import { BUILTINS, SPECIAL_BUILTINS } from "./builtins/index.js";
import { declare } from "./builtins/declare.js";
import { decode } from "./bytes.js";
import { faultOf } from "./files.js";
import { Io, LimitFault } from "./machine.js";
import { traced } from "./quoting.js";
import { applied } from "./redirections.js";
import { ExitShell, Shell } from "./shell.js";
import { Killed } from "./streams.js";
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

async function run(shell: Shell, command: Simple, words: string[], args: (string | Assignment)[] | null): Promise<void> {
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

/** Where a program's name leads: a file's path, one of the machine's programs, or nothing. */
export function found(shell: Shell, name: string): { kind: "program"; name: string } | { kind: "file"; path: string } | { kind: "none"; why: string; status: number } {
  const { programs, fs } = shell.machine;
  if (name.includes("/")) {
    const path = shell.path(name);
    const known = /^\/(?:usr\/)?(?:local\/)?s?bin\/([^/]+)$/.exec(path)?.[1];
    try {
      const stat = fs.stat(path);
      if (stat.kind === "directory") return { kind: "none", why: "Is a directory", status: 126 };
      if (known !== undefined && programs.has(known) && stat.size === 0) return { kind: "program", name: known };
      if ((stat.mode & 0o111) === 0) return { kind: "none", why: "Permission denied", status: 126 };
      return { kind: "file", path };
    } catch (error) {
      if (known !== undefined && programs.has(known)) return { kind: "program", name: known };
      return { kind: "none", why: faultOf(error), status: 127 };
    }
  }
  for (const folder of (shell.value("PATH") ?? "").split(":")) {
    if (folder === "") continue;
    const path = shell.path(`${folder}/${name}`);
    try {
      const stat = fs.stat(path);
      if (stat.kind === "file" && (stat.mode & 0o111) !== 0 && !(stat.size === 0 && programs.has(name))) return { kind: "file", path };
    } catch {
      // Not there.
    }
    if (/^\/(usr\/)?(local\/)?s?bin\/?$/.test(folder) && programs.has(name) && name !== "") return { kind: "program", name };
  }
  return { kind: "none", why: "command not found", status: 127 };
}

export async function program(shell: Shell, words: string[], how: { env?: Map<string, string> | undefined } = {}): Promise<number> {
  const [name, ...args] = words as [string, ...string[]];
  const refused = shell.machine.refusal(name.split("/").at(-1)!);
  if (refused !== null) {
    await shell.write(2, `${name}: ${refused.message}\n`);
    return refused.status;
  }
  const target = found(shell, name);
  if (target.kind === "program" && SHELLS.has(target.name)) return await bash(shell, target.name, args, how.env);
  if (target.kind === "program" && ["[", "test", "kill"].includes(target.name)) return await BUILTINS.get(target.name)!(shell, args, target.name);
  if (target.kind === "none") {
    await shell.error(`${name}: ${target.why}`);
    return target.status;
  }
  if (target.kind === "file") return await script(shell, target.path, name, args, how.env);
  const io = new Io({
    name: target.name, args, machine: shell.machine, process: shell.process, fds: shell.fds, env: how.env ?? shell.variables.exported(), cwd: shell.cwd,
    launcher: { run: (argv, options) => launch(shell, argv, options) },
  });
  const turn = shell.machine.step();
  if (turn !== null) await turn;
  try {
    const status = shell.machine.programs.get(target.name)!(io);
    const code = typeof status === "number" ? status : await status;
    await io.flush();
    return code;
  } catch (error) {
    if (error instanceof Killed || error instanceof LimitFault || error instanceof ExitShell) throw error;
    if (typeof (error as { code?: unknown }).code === "string") {
      await shell.fds.get(2)?.write(shell.process, new TextEncoder().encode(`${target.name}: ${faultOf(error)}\n`));
      return 1;
    }
    throw error;
  }
}

const SHELLS = new Set(["bash", "sh", "dash"]);
/** `bash` and `sh` as programs. */
async function bash(shell: Shell, name: string, given: string[], env?: Map<string, string>): Promise<number> {
  const args = [...given];
  const options: string[] = [];
  const wrong = async (message: string): Promise<number> => {
    await shell.write(2, `${name}: ${message}\n`);
    return 2;
  };
  const more = env === undefined ? {} : { env };
  let command = false;
  let stdin = false;
  while (args[0] !== undefined && /^[-+]./.test(args[0])) {
    const option = args.shift()!;
    if (option === "--") break;
    if (option === "--version") {
      await shell.out("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n");
      return 0;
    }
    if (option === "--posix" || option === "--norc" || option === "--noprofile" || option === "--login") continue;
    if (option.startsWith("--")) return await wrong(`${option}: invalid option`);
    if (/^-[a-zA-Z]*o$/.test(option) || option === "+o") {
      if (option.length > 2) options.push(option.slice(0, -1));
      options.push(`${option[0]}o`, args.shift() ?? "");
      continue;
    }
    if (option === "-O" || option === "+O") {
      args.shift();
      continue;
    }
    const letters = option.slice(1).replace(/[csil]/g, "");
    if (option.includes("c")) command = true;
    if (option.includes("s")) stdin = true;
    if (letters !== "") options.push(`${option[0]}${letters}`);
  }
  if (command) {
    const script = args.shift();
    if (script === undefined) return await wrong("-c: option requires an argument");
    return await inner(shell, { script, name: args.shift() ?? name, args, options, ...more });
  }
  const [file] = args;
  if (file === undefined || stdin) {
    const input = new Io({ name, args, machine: shell.machine, process: shell.process, fds: shell.fds, env: new Map(), cwd: shell.cwd, launcher: { run: async () => 127 } });
    return await inner(shell, { script: await input.text(input.stdin()), name, args, options, ...more });
  }
  const path = shell.path(file);
  try {
    return await inner(shell, { script: shell.script(path), name: file, args: args.slice(1), options, ...more });
  } catch (error) {
    await shell.write(2, `${name}: ${file}: ${faultOf(error)}\n`);
    return (error as { code?: string }).code === "EISDIR" ? 126 : 127;
  }
}

type How = { env?: Map<string, string>; fds?: Shell["fds"]; cwd?: string; timeoutMs?: number; signal?: number; background?: boolean };
/** A program that is started by another: a process of its own. */
async function launch(shell: Shell, argv: string[], how: How = {}): Promise<number> {
  const fds = how.fds ?? shell.fds.fork();
  const { process, done } = shell.interpreter.spawn(argv[0] ?? "", fds, async (child) => {
    child.functions = new Map([...child.functions].filter(([, fn]) => fn.exported));
    child.options.delete("errexit");
    child.traps.clear();
    child.subshell = shell.subshell;
    if (how.cwd !== undefined) child.cwd = how.cwd;
    return await program(child, argv, { env: how.env });
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  if (how.timeoutMs !== undefined) timer = setTimeout(() => process.signal(how.signal ?? 15), how.timeoutMs);
  try {
    return await shell.interpreter.waitFor(done);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

/** Runs an executable file: a script of this shell, or of a program that it names. */
async function script(shell: Shell, path: string, name: string, args: string[], env?: Map<string, string>): Promise<number> {
  const content = shell.machine.fs.open(path, {});
  const head = decode(content.read(0, 256));
  const shebang = /^#!\s*(\S+)(?:[ \t]+([^\n]*?))?[ \t]*(?:\n|$)/.exec(head);
  let interpreter = shebang?.[1] ?? "/bin/bash";
  let argument = shebang?.[2] ?? "";
  if (interpreter.endsWith("/env")) {
    const words = argument.split(/\s+/).filter((word) => word !== "-S");
    interpreter = words[0] ?? "";
    argument = words.slice(1).join(" ");
  }
  const short = interpreter.split("/").at(-1)!;
  if (/^(ba|da|z|k)?sh$/.test(short)) return await inner(shell, { script: decode(content.read(0, content.size())), name, args, ...(env === undefined ? {} : { env }), options: argument === "" ? [] : argument.split(/\s+/) });
  if (found(shell, short).kind === "none") return await shell.complain(`${name}: ${interpreter}: bad interpreter: No such file or directory`, 126);
  return await program(shell, [short, ...(argument === "" ? [] : argument.split(/\s+/)), path, ...args], { env });
}

/** A new shell that begins with nothing but the environment: `bash file`, `bash -c`, `./file`. */
export async function inner(shell: Shell, given: { script: string; name: string; args: string[]; env?: Map<string, string>; options?: string[]; functions?: boolean }): Promise<number> {
  const { done } = shell.interpreter.spawn(given.name, shell.fds.fork(), async (child) => {
    const fresh = new Shell(child.machine, child.process, child.fds);
    fresh.begin(given.env ?? shell.variables.exported(), shell.cwd);
    fresh.depth = child.depth + 1;
    if (fresh.depth > child.machine.limits.callDepthMax / 10) child.machine.stop(new LimitFault("recursion: shells are started inside each other too deeply"));
    for (const [name, fn] of shell.functions) if (fn.exported === true) fresh.functions.set(name, fn);
    fresh.name = given.name;
    fresh.positional = given.args;
    fresh.interpreter = child.interpreter.for(fresh);
    if (given.options !== undefined && given.options.length > 0) await BUILTINS.get("set")!(fresh, given.options, "set");
    fresh.positional = given.args;
    return await fresh.interpreter.toTheEnd(() => fresh.interpreter.source(given.script, 1, true));
  });
  return await shell.interpreter.waitFor(done);
}

/** About what was written, for BASH_COMMAND. */
function commandText(command: Simple): string {
  const word = (made: Word): string => made.parts.map((part): string => (part.t === "lit" ? part.s : part.t === "quoted" ? (/[\s'"$]/.test(part.s) ? `'${part.s}'` : part.s) : part.t === "dq" ? `"${word({ parts: part.parts.map((inner) => (inner.t === "quoted" ? { t: "lit", s: inner.s } : inner)) })}"` : part.t === "param" ? (part.op === undefined && part.index === undefined && part.length !== true ? `$${part.name}` : `\${${part.name}}`) : part.t === "command" ? `$(${part.source})` : part.t === "arith" ? `$((${word(part.word)}))` : "")).join("");
  const assigned = (made: Assignment): string => `${made.name}${made.append ? "+" : ""}=${made.value === undefined ? "(...)" : word(made.value)}`;
  return [...command.assignments.map(assigned), ...command.words.map((made) => (isAssignment(made) ? assigned(made) : word(made)))].join(" ");
}
