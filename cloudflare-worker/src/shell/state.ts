/** What of a shell can outlive a run: variables, functions, aliases, options, the folder. As JSON. */
import { makeFolders } from "./files.js";
import type { Shell } from "./shell.js";
import { Parser } from "./syntax/parser.js";
import type { Attributes } from "./variables.js";

/** Changes whenever a kept state would be read differently. */
export const STATE_FORMAT = "shell 1";

export interface ShellState {
  variables: { name: string; value?: string; list?: [number, string][]; map?: [string, string][]; attributes: Attributes }[];
  functions: { name: string; source: string; file: string; line: number; exported?: boolean }[];
  aliases: [string, string][];
  options: string[];
  shopts: string[];
  cwd: string;
  folders: string[];
}

const FLEETING = new Set(["PIPESTATUS", "FUNCNAME", "BASH_SOURCE", "BASH_LINENO", "DIRSTACK", "GROUPS", "BASH_VERSINFO", "UID", "EUID", "PPID", "SHLVL", "PWD", "_", "BASH_REMATCH", "OPTIND", "OPTARG"]);

/** Variables that are as they were `before` (those that every shell begins with) are left out. */
export function exportState(shell: Shell, before?: ShellState): ShellState {
  const same = new Map((before?.variables ?? []).map((variable) => [variable.name, JSON.stringify(variable)]));
  const variables: ShellState["variables"] = [];
  for (const [name, variable] of shell.variables.entries()) {
    if (FLEETING.has(name) || shell.variables.dynamic.has(name)) continue;
    const kept: ShellState["variables"][number] = { name, attributes: { ...variable.attributes } };
    if (variable.map !== undefined) kept.map = [...variable.map];
    else if (variable.list !== undefined) kept.list = Object.entries(variable.list).map(([index, value]) => [Number(index), value]);
    else if (variable.value !== undefined) kept.value = variable.value;
    if (same.get(name) !== JSON.stringify(kept)) variables.push(kept);
  }
  return {
    variables,
    functions: [...shell.functions.values()].map(({ name, source, file, line, exported }) => ({ name, source, file, line, ...(exported === true ? { exported } : {}) })),
    aliases: [...shell.aliases], options: [...shell.options], shopts: [...shell.shopts], cwd: shell.cwd, folders: [...shell.folders],
  };
}

export async function importState(shell: Shell, state: ShellState): Promise<void> {
  for (const { name, value, list, map, attributes } of state.variables) {
    if (shell.variables.find(name)?.attributes.readonly === true) continue;
    const variable = shell.variables.demand(name);
    variable.value = value;
    variable.map = map === undefined ? undefined : new Map(map);
    variable.list = undefined;
    if (list !== undefined) {
      variable.list = [];
      for (const [index, item] of list) variable.list[index] = item;
    }
    variable.attributes = { ...attributes };
  }
  for (const { source, file, line, exported, name } of state.functions) {
    for (const item of new Parser(source, shell, line).all()) {
      const command = item.first.commands[0];
      if (command?.type === "function") shell.functions.set(name, { name, body: command.body, source, file, line, ...(exported === true ? { exported } : {}) });
    }
  }
  shell.aliases = new Map(state.aliases);
  shell.options = new Set(state.options);
  shell.shopts = new Set(state.shopts);
  shell.folders = [...state.folders];
  makeFolders(shell.machine.fs, state.cwd);
  shell.cwd = state.cwd;
  shell.variables.set("PWD", state.cwd);
}
