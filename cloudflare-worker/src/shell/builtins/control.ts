/** Builtins that steer the shell: leaving, evaluating, traps, arguments. */
import { ArithmeticFault, isTrue } from "../arithmetic.js";
import { faultOf } from "../files.js";
import { singleQuoted } from "../quoting.js";
import { ExitShell, LeaveLoop, ReturnFrom } from "../shell.js";
import { SIGNALS } from "../process.js";
import { Conditions } from "../tests.js";
import type { Builtin } from "./index.js";

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
