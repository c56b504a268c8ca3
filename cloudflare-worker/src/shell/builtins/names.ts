/** Builtins about what a name would run: type, command, builtin, alias, unalias. */
import { singleQuoted } from "../quoting.js";
import type { Shell } from "../shell.js";
import { dispatch } from "../simple.js";
import { found } from "../programs.js";
import { functionText } from "./declare.js";
import { BUILTINS, type Builtin, KEYWORDS } from "./index.js";

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
