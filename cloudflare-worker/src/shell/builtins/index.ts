/** The table of the shell's own commands. */
import type { Shell } from "../shell.js";
import * as control from "./control.js";
import * as jobs from "./jobs.js";
import * as names from "./names.js";
import * as options from "./options.js";
import * as text from "./text.js";

export type Builtin = (shell: Shell, args: string[], name: string) => number | Promise<number>;

export const KEYWORDS = new Set(["if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until", "do", "done", "in", "function", "time", "{", "}", "!", "[[", "]]", "coproc"]);
export const SPECIAL_BUILTINS = new Set([":", ".", "source", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "trap", "unset", "times"]);

const nothing: Builtin = () => 0;
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>(Object.entries({
  ":": nothing, true: nothing, false: () => 1, echo: text.echo, printf: text.printf, read: text.read, mapfile: text.mapfile, readarray: text.mapfile,
  exit: control.exit, logout: control.exit, return: control.returns, break: control.leave, continue: control.leave, eval: control.evaluate, source: control.source, ".": control.source, shift: control.shift, set: options.set,
  shopt: options.shopt, unset: control.unset, trap: control.trap, getopts: control.getopts, let: control.arithmetics, test: control.test, "[": control.test, type: names.type, command: names.command, builtin: names.builtin,
  alias: names.alias, unalias: names.unalias, caller: control.caller, hash: nothing, enable: nothing, history: nothing, bind: nothing, complete: nothing, compgen: async (shell: Shell) => shell.complain("compgen: not supported here", 2),
  wait: jobs.wait, jobs: jobs.jobs, fg: jobs.foreground, bg: jobs.foreground, disown: jobs.disown, kill: jobs.kill, cd: jobs.cd, pwd: jobs.pwd, dirs: jobs.dirs, pushd: jobs.pushd, popd: jobs.popd, umask: jobs.umask, ulimit: jobs.ulimit, times: jobs.times,
}));
