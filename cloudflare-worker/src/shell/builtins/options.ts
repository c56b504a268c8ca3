/** Builtins that set how the shell behaves: set, shopt. */
import { LONG_OPTIONS, OPTION_LETTERS, type Shell, SHOPTS } from "../shell.js";
import { plainDeclaration } from "./declare.js";
import type { Builtin } from "./index.js";

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
