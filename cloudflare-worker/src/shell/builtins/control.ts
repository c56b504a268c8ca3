/** Builtins that steer the shell: leaving, evaluating, options, traps, names of commands. */
import { ArithmeticFault, isTrue } from "../arithmetic.js";
import { faultOf } from "../files.js";
import { singleQuoted } from "../quoting.js";
import { ExitShell, LeaveLoop, LONG_OPTIONS, OPTION_LETTERS, ReturnFrom, type Shell, SHOPTS } from "../shell.js";
import { dispatch, found } from "../simple.js";
import { SIGNALS } from "../streams.js";
import { Conditions } from "../tests.js";
import { plainDeclaration, functionText } from "./declare.js";
import { BUILTINS, type Builtin, KEYWORDS } from "./index.js";

const number = (text: string): number | null => (/^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : null);

export const exit: Builtin = async (shell, args) => {
  if (args[0] === undefined) throw new ExitShell(shell.status);
  const status = number(args[0]);
  if (status === null) {
    await shell.error(`exit: ${args[0]}: numeric argument required`);
    throw new ExitShell(2);
  }
  throw new ExitShell(status & 0xff);
};
export const returns: Builtin = async (shell, args) => {
  if (shell.calls.length === 0) return shell.complain("return: can only `return' from a function or sourced script", 2);
  const status = args[0] === undefined ? shell.status : number(args[0]);
  if (status === null) {
    await shell.error(`return: ${args[0]}: numeric argument required`);
    throw new ReturnFrom(2);
  }
  throw new ReturnFrom(status & 0xff);
};
export const leave: Builtin = (shell, args, name) => {
  const levels = args[0] === undefined ? 1 : number(args[0]);
  if (shell.loops === 0) return shell.complain(`${name}: only meaningful in a \`for', \`while', or \`until' loop`, 0);
  if (levels === null) return shell.complain(`${name}: ${args[0]}: numeric argument required`, 128).then(() => { throw new ExitShell(128); });
  if (levels < 1) return shell.complain(`${name}: ${levels}: loop count out of range`).then(() => { throw new LeaveLoop(99, false); });
  throw new LeaveLoop(Math.min(levels, shell.loops), name === "continue");
};

export const evaluate: Builtin = async (shell, args) => {
  const text = (args[0] === "--" ? args.slice(1) : args).join(" ");
  if (text.trim() === "") return 0;
  shell.status = 0;
  return shell.interpreter.within(text, null, null, shell.line);
};
export const source: Builtin = async (shell, given, name) => {
  const args = given[0] === "--" ? given.slice(1) : given;
  const [file] = args;
  if (file === undefined) return shell.complain(`${name}: filename argument required`, 2);
  let text: string | null = null;
  let why = "No such file or directory";
  const candidates = file.includes("/") ? [file] : [...(shell.value("PATH") ?? "").split(":").filter((folder) => folder !== "").map((folder) => `${folder}/${file}`), file];
  for (const candidate of candidates) {
    try {
      const path = shell.path(candidate);
      if (/^\/dev\/(fd\/|stdin)/.test(path)) {
        const stream = shell.machine.open(path, "read", shell.fds);
        const parts: Uint8Array[] = [];
        for (let chunk = await stream.read(shell.process); chunk !== null; chunk = await stream.read(shell.process)) parts.push(chunk);
        stream.release();
        text = parts.map((part) => new TextDecoder().decode(part)).join("");
      } else text = shell.script(path);
      break;
    } catch (error) {
      why = faultOf(error);
    }
  }
  if (text === null) return shell.complain(`${file}: ${why}`);
  shell.status = 0;
  return shell.interpreter.within(text, { name: "source", file }, args.length > 1 ? args.slice(1) : null);
};

export const shift: Builtin = (shell, args) => {
  const count = args[0] === undefined ? 1 : number(args[0]);
  if (count === null) return shell.complain(`shift: ${args[0]}: numeric argument required`);
  if (count < 0) return shell.complain(`shift: ${count}: shift count out of range`);
  if (count > shell.positional.length) return shell.shopts.has("shift_verbose") ? shell.complain(`shift: ${count}: shift count out of range`) : 1;
  shell.positional = shell.positional.slice(count);
  return 0;
};

export const set: Builtin = async (shell, args) => {
  if (args.length === 0) {
    for (const name of shell.variables.names().sort()) {
      const variable = shell.variables.find(name)!;
      if (variable.isSet || variable.isArray) await shell.out(`${plainDeclaration(name, variable)}\n`);
    }
    return 0;
  }
  let at = 0;
  for (; at < args.length; at += 1) {
    const arg = args[at]!;
    if (arg === "--") {
      shell.positional = args.slice(at + 1);
      return 0;
    }
    if (arg === "-") {
      shell.options.delete("xtrace");
      shell.options.delete("verbose");
      if (at + 1 < args.length) shell.positional = args.slice(at + 1);
      return 0;
    }
    if (!/^[-+]./.test(arg)) break;
    const on = arg[0] === "-";
    for (const letter of arg.slice(1)) {
      if (letter === "o") {
        const name = args[at + 1];
        if (name === undefined || /^[-+]/.test(name)) {
          await shell.out(LONG_OPTIONS.map((option) => (on ? `${option.padEnd(15)}\t${shell.options.has(option) ? "on" : "off"}\n` : `set ${shell.options.has(option) ? "-" : "+"}o ${option}\n`)).join(""));
          continue;
        }
        at += 1;
        if (!LONG_OPTIONS.includes(name)) return shell.complain(`set: ${name}: invalid option name`, 2);
        turn(shell, name, on);
      } else {
        const name = OPTION_LETTERS[letter];
        if (name === undefined) return shell.complain(`set: ${arg[0]}${letter}: invalid option`, 2);
        turn(shell, name, on);
      }
    }
  }
  if (at < args.length) shell.positional = args.slice(at);
  return 0;
};
function turn(shell: Shell, option: string, on: boolean): void {
  if (on) shell.options.add(option);
  else shell.options.delete(option);
}

export const shopt: Builtin = async (shell, given) => {
  const args = [...given];
  const flags = new Set<string>();
  while (args[0]?.startsWith("-") === true) for (const flag of args.shift()!.slice(1)) flags.add(flag);
  for (const flag of flags) if (!"suqpo".includes(flag)) return shell.complain(`shopt: -${flag}: invalid option`, 2);
  const names = flags.has("o") ? LONG_OPTIONS : SHOPTS;
  const held = flags.has("o") ? shell.options : shell.shopts;
  let status = 0;
  for (const name of args) if (!names.includes(name)) status = await shell.complain(`shopt: ${name}: invalid shell option name`);
  const chosen = args.filter((name) => names.includes(name));
  if (args.length > 0 && (flags.has("s") || flags.has("u"))) {
    for (const name of chosen) {
      if (flags.has("s")) held.add(name);
      else held.delete(name);
    }
    return status;
  }
  const shown = args.length > 0 ? chosen : names.filter((name) => (flags.has("s") ? held.has(name) : flags.has("u") ? !held.has(name) : true));
  if (!flags.has("q")) await shell.out(shown.map((name) => (flags.has("p") ? `shopt ${held.has(name) ? "-s" : "-u"} ${name}\n` : `${name.padEnd(15)}\t${held.has(name) ? "on" : "off"}\n`)).join(""));
  return status !== 0 || (args.length > 0 && chosen.some((name) => !held.has(name))) ? 1 : 0;
};

export const unset: Builtin = async (shell, given) => {
  const args = [...given];
  let kind = "";
  while (/^-[vfn]+$/.test(args[0] ?? "")) kind = args.shift()!.slice(1);
  if (args[0]?.startsWith("-") === true && args[0] !== "--") return shell.complain(`unset: ${args[0]}: invalid option`, 2);
  if (args[0] === "--") args.shift();
  let status = 0;
  for (const arg of args) {
    if (kind === "f") {
      shell.functions.delete(arg);
      continue;
    }
    const element = shell.element(arg);
    if (element === null) {
      if (!shell.functions.delete(arg)) status = await shell.complain(`unset: \`${arg}': not a valid identifier`);
      continue;
    }
    const name = kind === "n" ? element.name : shell.variables.target(element.name);
    const variable = shell.variables.find(name);
    if (variable === undefined) {
      if (kind === "" && element.index === null) shell.functions.delete(name);
      continue;
    }
    if (variable.attributes.readonly === true) {
      status = await shell.complain(`unset: ${name}: cannot unset: readonly variable`);
      continue;
    }
    if (element.index === null || ((element.index === "@" || element.index === "*") && variable.map === undefined)) {
      // A local variable stays local and loses its value.
      shell.variables.unset(name);
      continue;
    }
    variable.own();
    if (variable.map !== undefined) variable.map.delete(element.index);
    else {
      let at = Number(shell.arithmetic(element.index));
      if (at < 0) at += variable.list?.length ?? 0;
      if (variable.list !== undefined) {
        delete variable.list[at];
        while (variable.list.length > 0 && !(variable.list.length - 1 in variable.list)) variable.list.length -= 1;
      } else if (at === 0) shell.variables.unset(name);
    }
  }
  return status;
};

const TRAP_NAMES = ["EXIT", ...Object.keys(SIGNALS)];
function signalName(text: string): string | null {
  const upper = text.toUpperCase().replace(/^SIG(?=.)/, "");
  if (["EXIT", "ERR", "DEBUG", "RETURN"].includes(upper) || SIGNALS[upper] !== undefined) return upper;
  if (/^\d+$/.test(text)) return Number(text) === 0 ? "EXIT" : (Object.entries(SIGNALS).find(([, value]) => value === Number(text))?.[0] ?? null);
  return null;
}
export const trap: Builtin = async (shell, given) => {
  const args = [...given];
  if (args[0] === "-l") {
    await shell.out(`${Object.entries(SIGNALS).map(([name, value]) => `${String(value).padStart(2)}) SIG${name}`).join("\n")}\n`);
    return 0;
  }
  const print = args[0] === "-p";
  if (print || args[0] === "--") args.shift();
  if (args.length === 0 || print) {
    const names = args.length > 0 ? args.map(signalName).filter((name) => name !== null) : [...TRAP_NAMES, "DEBUG", "ERR", "RETURN"];
    for (const name of names) {
      const action = shell.traps.get(name);
      if (action !== undefined) await shell.out(`trap -- ${singleQuoted(action)} ${SIGNALS[name] === undefined ? name : `SIG${name}`}\n`);
    }
    return 0;
  }
  if (args[0]!.startsWith("-") && args[0] !== "-" && args[0]!.length > 1) return shell.complain(`trap: ${args[0]}: invalid option`, 2);
  const reset = args.length === 1 && signalName(args[0]!) !== null;
  const action = reset ? "-" : args.shift()!;
  let status = 0;
  for (const arg of args) {
    const name = signalName(arg);
    if (name === null) {
      status = await shell.complain(`trap: ${arg}: invalid signal specification`);
      continue;
    }
    const signal = SIGNALS[name];
    if (action === "-") shell.traps.delete(name);
    else shell.traps.set(name, action);
    if (signal === undefined) continue;
    shell.process.caught.delete(signal);
    shell.process.ignored.delete(signal);
    if (action === "") shell.process.ignored.add(signal);
    else if (action !== "-") shell.process.caught.add(signal);
  }
  return status;
};

export const getopts: Builtin = async (shell, given) => {
  const [spec, name, ...rest] = given;
  if (spec === undefined || name === undefined) return shell.complain("getopts: usage: getopts optstring name [arg]", 2);
  const args = rest.length > 0 ? rest : shell.positional;
  const silent = spec.startsWith(":");
  let index = Number(shell.value("OPTIND") ?? 1);
  let at = shell.optionAt;
  const set = (variable: string, value: string): void => shell.assign(variable, null, value);
  const done = (): number => {
    set("OPTIND", String(index));
    shell.optionAt = 0;
    set(name, "?");
    return 1;
  };
  const current = args[index - 1];
  if (at === 0) {
    if (current === undefined || !current.startsWith("-") || current === "-") return done();
    if (current === "--") {
      index += 1;
      return done();
    }
    at = 1;
  }
  const letter = current![at]!;
  at += 1;
  const place = letter === ":" ? -1 : spec.indexOf(letter, silent ? 1 : 0);
  let status = letter;
  let value: string | null = null;
  if (place < 0) {
    if (silent) value = letter;
    else await shell.write(2, `${shell.name}: illegal option -- ${letter}\n`);
    status = "?";
  } else if (spec[place + 1] === ":") {
    if (at < current!.length) value = current!.slice(at);
    else if (args[index] !== undefined) {
      value = args[index]!;
      index += 1;
    } else {
      if (silent) value = letter;
      else await shell.write(2, `${shell.name}: option requires an argument -- ${letter}\n`);
      status = silent ? ":" : "?";
    }
    at = current!.length;
  }
  if (at >= current!.length) {
    index += 1;
    at = 0;
  }
  set("OPTIND", String(index));
  if (value === null) shell.variables.unset("OPTARG");
  else set("OPTARG", value);
  shell.optionAt = at;
  set(name, status);
  return 0;
};

export const arithmetics: Builtin = async (shell, args) => {
  if (args.length === 0) return shell.complain("let: expression expected");
  let value = false;
  try {
    for (const arg of args) value = isTrue(shell.arithmetic(arg));
  } catch (error) {
    if (error instanceof ArithmeticFault) return shell.complain(`let: ${error.message}`);
    throw error;
  }
  return value ? 0 : 1;
};
export const test: Builtin = (shell, args, name) => {
  let words = args;
  if (name === "[") {
    if (args.at(-1) !== "]") return shell.complain("[: missing `]'", 2);
    words = args.slice(0, -1);
  }
  return new Conditions(shell, words).status(name);
};

/** What a name would run, in bash's words. */
function kinds(shell: Shell, name: string, all: boolean, functions = true): { kind: string; path?: string; text?: string }[] {
  const list: { kind: string; path?: string; text?: string }[] = [];
  const alias = shell.aliases.get(name);
  if (alias !== undefined) list.push({ kind: "alias", text: alias });
  if (KEYWORDS.has(name)) list.push({ kind: "keyword" });
  const fn = shell.functions.get(name);
  if (functions && fn !== undefined) list.push({ kind: "function", text: functionText(fn.source, name) });
  if (BUILTINS.has(name) || ["declare", "typeset", "local", "export", "readonly", "exec"].includes(name)) list.push({ kind: "builtin" });
  if (all || list.length === 0) {
    const target = found(shell, name);
    if (target.kind === "program") list.push({ kind: "file", path: name.includes("/") ? name : `/usr/bin/${target.name}` });
    else if (target.kind === "file") list.push({ kind: "file", path: name.includes("/") ? name : target.path });
  }
  return all ? list : list.slice(0, 1);
}
export const type: Builtin = async (shell, given) => {
  const args = [...given];
  let flags = "";
  while (/^-[aftpP]+$/.test(args[0] ?? "")) flags += args.shift()!.slice(1);
  let status = 0;
  for (const name of args) {
    const list = kinds(shell, name, flags.includes("a"), !flags.includes("f"));
    if (list.length === 0) {
      status = 1;
      if (!/[tpP]/.test(flags)) await shell.error(`type: ${name}: not found`);
    }
    for (const { kind, path, text } of list) {
      if (flags.includes("t")) await shell.out(`${kind}\n`);
      else if (/[pP]/.test(flags)) {
        if (path !== undefined) await shell.out(`${path}\n`);
      } else await shell.out(`${name} is ${kind === "alias" ? `aliased to \`${text}'` : kind === "keyword" ? "a shell keyword" : kind === "function" ? `a function\n${text}` : kind === "builtin" ? "a shell builtin" : path}\n`);
    }
  }
  return status;
};
export const command: Builtin = async (shell, given) => {
  const args = [...given];
  let flags = "";
  while (/^-[pvV]+$/.test(args[0] ?? "")) flags += args.shift()!.slice(1);
  if (args[0] === "--") args.shift();
  else if (args[0]?.startsWith("-") === true) return shell.complain(`command: ${args[0]}: invalid option`, 2);
  if (/[vV]/.test(flags)) {
    let status = 1;
    for (const name of args) {
      const [first] = kinds(shell, name, false);
      if (first === undefined) {
        if (flags.includes("V")) await shell.error(`command: ${name}: not found`);
        continue;
      }
      status = 0;
      if (flags.includes("V")) await type(shell, [name], "type");
      else await shell.out(`${first.kind === "alias" ? `alias ${name}=${singleQuoted(first.text!)}` : (first.path ?? name)}\n`);
    }
    return status;
  }
  if (args.length === 0) return 0;
  await dispatch(shell, args, null, { functions: false });
  return shell.status;
};
export const builtin: Builtin = async (shell, args) => {
  const [name, ...rest] = args;
  if (name === undefined) return 0;
  const found = BUILTINS.get(name);
  return found === undefined ? shell.complain(`builtin: ${name}: not a shell builtin`) : found(shell, rest, name);
};
export const alias: Builtin = async (shell, args) => {
  const shown = (name: string, text: string): string => `alias ${name}=${singleQuoted(text)}\n`;
  if (args.length === 0 || (args.length === 1 && args[0] === "-p")) {
    await shell.out([...shell.aliases].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => shown(name, text)).join(""));
    return 0;
  }
  let status = 0;
  for (const arg of args) {
    const match = /^([^=]+)=(.*)$/s.exec(arg);
    if (match !== null) shell.aliases.set(match[1]!, match[2]!);
    else if (shell.aliases.has(arg)) await shell.out(shown(arg, shell.aliases.get(arg)!));
    else status = await shell.complain(`alias: ${arg}: not found`);
  }
  return status;
};
export const unalias: Builtin = async (shell, args) => {
  if (args[0] === "-a") {
    shell.aliases.clear();
    return 0;
  }
  let status = 0;
  for (const name of args) if (!shell.aliases.delete(name)) status = await shell.complain(`unalias: ${name}: not found`);
  return status;
};
export const caller: Builtin = async (shell, args) => {
  const depth = Number(args[0] ?? 0);
  const { calls } = shell;
  const call = calls[calls.length - 1 - depth];
  if (call === undefined) {
    if (args[0] === undefined) await shell.out("0 NULL\n");
    return args[0] === undefined ? 0 : 1;
  }
  const outer = calls[calls.length - 2 - depth];
  await shell.out(args[0] === undefined ? `${call.line} ${outer?.file ?? shell.name}\n` : `${call.line} ${outer?.name ?? "main"} ${outer?.file ?? shell.name}\n`);
  return 0;
};
