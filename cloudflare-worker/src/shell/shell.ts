/**
 * One shell process: its variables, functions, options, descriptors, jobs and traps, and how another one is forked from it.
 * What a command does is interpreter.ts; what the built-in commands do is builtins/.
 */
import { ArithmeticFault, evaluate, type Memory, type Whole } from "./arithmetic.js";
import { decode, encode } from "./bytes.js";
import { resolve } from "./files.js";
import { glob } from "./globs.js";
import type { Interpreter } from "./interpreter.js";
import type { Machine } from "./machine.js";
import { type Owner, Parameters } from "./parameters.js";
import type { Descriptors, Stream } from "./streams.js";
import { type Process, SIGNALS } from "./process.js";
import type { Command, List } from "./syntax/ast.js";
import type { Dialect } from "./syntax/source.js";
import { Variable, Variables } from "./variables.js";
import { Expander, ExpansionFault, type Surroundings } from "./words.js";

export const OPTION_LETTERS: Readonly<Record<string, string>> = {
  a: "allexport", b: "notify", e: "errexit", f: "noglob", h: "hashall", k: "keyword", m: "monitor", n: "noexec", p: "privileged", t: "onecmd", u: "nounset", v: "verbose", x: "xtrace", B: "braceexpand", C: "noclobber", E: "errtrace", H: "histexpand", P: "physical", T: "functrace",
};
export const LONG_OPTIONS = [...new Set([...Object.values(OPTION_LETTERS), "emacs", "history", "ignoreeof", "interactive-comments", "nolog", "pipefail", "posix", "vi"])].sort();
export const SHOPTS = ["autocd", "cdable_vars", "cdspell", "checkhash", "checkjobs", "checkwinsize", "cmdhist", "compat31", "dotglob", "execfail", "expand_aliases", "extdebug", "extglob", "extquote", "failglob", "force_fignore", "globasciiranges",
  "globskipdots", "globstar", "gnu_errfmt", "histappend", "hostcomplete", "huponexit", "inherit_errexit", "interactive_comments", "lastpipe", "lithist", "localvar_inherit", "localvar_unset", "login_shell", "nocaseglob", "nocasematch", "nullglob",
  "patsub_replacement", "progcomp", "promptvars", "restricted_shell", "shift_verbose", "sourcepath", "xpg_echo"];

export interface ShellFunction {
  name: string;
  body: Command;
  source: string;
  file: string;
  line: number;
  exported?: boolean;
}
export interface Job {
  id: number;
  process: Process;
  done: Promise<number>;
  source: string;
  status: number | null;
  /** Reported once, then forgotten. */
  told: boolean;
}
/** Where the shell is: the main script, a function, a sourced file. */
export interface Call {
  name: string;
  file: string;
  line: number;
  kind: "function" | "source";
}

/** Unwinds to where a shell ends. */
export class ExitShell {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}
export class ReturnFrom extends ExitShell {}
export class LeaveLoop {
  levels: number;
  readonly again: boolean;
  constructor(levels: number, again: boolean) {
    this.levels = levels;
    this.again = again;
  }
}

export class Shell implements Owner, Surroundings, Dialect {
  readonly machine: Machine;
  readonly process: Process;
  readonly fds: Descriptors;
  variables: Variables;
  functions = new Map<string, ShellFunction>();
  aliases = new Map<string, string>();
  options = new Set<string>(["braceexpand", "hashall", "interactive-comments"]);
  shopts = new Set<string>(["checkwinsize", "cmdhist", "extquote", "force_fignore", "globasciiranges", "globskipdots", "hostcomplete", "interactive_comments", "patsub_replacement", "progcomp", "promptvars", "sourcepath"]);
  positional: string[] = [];
  name = "bash";
  cwd = "/";
  folders: string[] = [];
  status = 0;
  pipeStatus: string[] = ["0"];
  line = 1;
  command = "";
  calls: Call[] = [];
  depth = 0;
  loops = 0;
  subshell = 0;
  /** Whether a failing command is being looked at, so that `set -e` leaves it alone. */
  tested = 0;
  jobs: Job[] = [];
  /** Those of the shell that this one was forked from: it may list them. */
  inherited: Job[] = [];
  /** Exit codes of jobs that were waited for. */
  readonly finished = new Map<number, number>();
  lastJob: Process | null = null;
  traps = new Map<string, string>();
  inTrap = false;
  lastArgument = "";
  optionAt = 0;
  seed = 0;
  secondsFromMs: number;
  readonly mainPid: number;
  readonly parameters: Parameters;
  readonly expander: Expander;
  interpreter!: Interpreter;

  constructor(machine: Machine, process: Process, fds: Descriptors, mainPid = process.pid) {
    this.machine = machine;
    this.process = process;
    this.fds = fds;
    this.mainPid = mainPid;
    this.secondsFromMs = machine.startedMs;
    this.variables = new Variables(machine.limits.textBytesMax);
    this.parameters = new Parameters(this);
    this.expander = new Expander(this);
  }

  /** The variables that every shell begins with. */
  begin(env: ReadonlyMap<string, string>, cwd: string): void {
    this.cwd = cwd;
    const set = (name: string, value: string, exported = false, readonly = false): void => {
      this.variables.set(name, value);
      const { attributes } = this.variables.find(name)!;
      if (exported) attributes.exported = true;
      if (readonly) attributes.readonly = true;
    };
    for (const [name, value] of env) if (/^[A-Za-z_]\w*$/.test(name)) set(name, value, true);
    const level = Number(env.get("SHLVL") ?? "0");
    set("SHLVL", String(Number.isInteger(level) ? level + 1 : 1), true);
    set("PWD", cwd, true);
    set("IFS", " \t\n");
    set("OPTIND", "1");
    set("PS4", "+ ");
    set("HOSTNAME", "localhost");
    set("HOSTTYPE", "x86_64");
    set("OSTYPE", "linux-gnu");
    set("MACHTYPE", "x86_64-pc-linux-gnu");
    set("BASH", "/bin/bash");
    set("BASH_VERSION", "5.2.15(1)-release");
    const version = this.variables.demand("BASH_VERSINFO");
    version.list = ["5", "2", "15", "1", "release", "x86_64-pc-linux-gnu"];
    version.attributes.readonly = true;
    set("PPID", "1", false, true);
    set("UID", "1000", false, true);
    set("EUID", "1000", false, true);
    for (const name of ["UID", "EUID", "PPID"]) this.variables.find(name)!.attributes.integer = true;
    this.#dynamics();
  }

  #dynamics(): void {
    const { dynamic } = this.variables;
    const list = (name: string, values: () => string[]): void => {
      dynamic.set(name, { get: () => {
        const made = values();
        const variable = this.variables.find(name) ?? this.variables.demand(name);
        variable.list = made;
        return made[0];
      } });
      this.variables.demand(name).list = [];
    };
    list("PIPESTATUS", () => [...this.pipeStatus]);
    list("FUNCNAME", () => (this.calls.some(({ kind }) => kind === "function") ? [...this.calls.map(({ name }) => name).reverse(), "main"] : []));
    list("BASH_SOURCE", () => [...this.calls.map(({ file }) => file).reverse(), this.name]);
    list("BASH_LINENO", () => [...this.calls.map(({ line }) => String(line)).reverse(), "0"]);
    list("DIRSTACK", () => [this.cwd, ...this.folders]);
    list("GROUPS", () => ["1000"]);
    dynamic.set("LINENO", { get: () => String(this.line), set: () => undefined });
    dynamic.set("RANDOM", { get: () => String(this.random()), set: (value) => { this.seed = Number(value) >>> 0 || 1; } });
    dynamic.set("SRANDOM", { get: () => String(crypto.getRandomValues(new Uint32Array(1))[0]) });
    dynamic.set("SECONDS", { get: () => String(Math.floor((Date.now() - this.secondsFromMs) / 1000)), set: (value) => { this.secondsFromMs = Date.now() - Number(value) * 1000; } });
    dynamic.set("EPOCHSECONDS", { get: () => String(Math.floor(Date.now() / 1000)) });
    dynamic.set("EPOCHREALTIME", { get: () => (Date.now() / 1000).toFixed(6) });
    dynamic.set("BASHPID", { get: () => String(this.process.pid) });
    dynamic.set("BASH_SUBSHELL", { get: () => String(this.subshell) });
    dynamic.set("BASH_COMMAND", { get: () => this.command });
    dynamic.set("_", { get: () => this.lastArgument });
    dynamic.set("SHELLOPTS", { get: () => [...this.options].sort().join(":") });
    dynamic.set("BASHOPTS", { get: () => [...this.shopts].sort().join(":") });
    for (const name of dynamic.keys()) if (this.variables.find(name) === undefined) this.variables.demand(name).value = "";
  }

  /** Bash's own generator, so that a seeded RANDOM gives the same numbers. */
  random(): number {
    if (this.seed === 0) this.seed = crypto.getRandomValues(new Uint32Array(1))[0]! || 1;
    const next = (): void => {
      const high = Math.floor(this.seed / 127773);
      const value = 16807 * (this.seed - high * 127773) - 2836 * high;
      this.seed = value < 0 ? value + 0x7fffffff : value;
    };
    next();
    return ((this.seed >>> 16) ^ (this.seed & 0xffff)) & 0x7fff;
  }

  fork(process: Process, fds: Descriptors): Shell {
    const copy = new Shell(this.machine, process, fds, this.mainPid);
    copy.variables = this.variables.fork();
    copy.functions = new Map(this.functions);
    copy.aliases = new Map(this.aliases);
    copy.options = new Set(this.options);
    copy.shopts = new Set(this.shopts);
    copy.positional = this.positional;
    copy.name = this.name;
    copy.cwd = this.cwd;
    copy.folders = [...this.folders];
    copy.status = this.status;
    copy.pipeStatus = this.pipeStatus;
    copy.line = this.line;
    copy.command = this.command;
    copy.calls = [...this.calls];
    copy.depth = this.depth;
    copy.loops = this.loops;
    copy.inherited = this.jobs.length > 0 ? this.jobs : this.inherited;
    copy.subshell = this.subshell + 1;
    copy.tested = this.tested;
    copy.lastJob = this.lastJob;
    copy.lastArgument = this.lastArgument;
    copy.secondsFromMs = this.secondsFromMs;
    copy.optionAt = this.optionAt;
    // Only ignored signals stay as they are; ERR, DEBUG and RETURN go along when asked.
    for (const [name, action] of this.traps) {
      if (action === "") {
        copy.traps.set(name, "");
        if (SIGNALS[name] !== undefined) process.ignored.add(SIGNALS[name]);
      } else if ((name === "ERR" && this.options.has("errtrace")) || ((name === "DEBUG" || name === "RETURN") && this.options.has("functrace"))) copy.traps.set(name, action);
    }
    copy.#dynamics();
    copy.interpreter = this.interpreter.for(copy);
    return copy;
  }

  // --- what words need ---

  option(name: string): boolean {
    return this.options.has(name) || this.shopts.has(name);
  }
  extglob(): boolean {
    return this.shopts.has("extglob");
  }
  alias(name: string): string | undefined {
    return this.shopts.has("expand_aliases") ? this.aliases.get(name) : undefined;
  }
  special(name: string): string | undefined {
    switch (name) {
      case "?": return String(this.status);
      case "#": return String(this.positional.length);
      case "$": return String(this.mainPid);
      case "!": return this.lastJob === null ? undefined : String(this.lastJob.pid);
      case "0": return this.name;
      case "-": return this.flags();
      case "@": return this.positional.length === 0 ? undefined : this.positional.join(" ");
      case "*": return this.positional.length === 0 ? undefined : this.positional.join(this.parameters.ifs.slice(0, 1));
      default: return undefined;
    }
  }
  flags(): string {
    return Object.entries(OPTION_LETTERS).filter(([, name]) => this.options.has(name)).map(([letter]) => letter).join("");
  }
  home(user: string): string | null {
    if (user === "") return this.variables.get("HOME") ?? "/";
    if (user === "+") return this.cwd;
    if (user === "-") return this.variables.get("OLDPWD") ?? null;
    return user === "root" ? "/root" : user === this.variables.get("USER") ? (this.variables.get("HOME") ?? null) : null;
  }
  glob(pattern: string): string[] {
    return glob(this.machine.fs, this.cwd, pattern, { extglob: this.shopts.has("extglob"), dotglob: this.shopts.has("dotglob"), globstar: this.shopts.has("globstar"), nocaseglob: this.shopts.has("nocaseglob") });
  }
  prompt(text: string): string {
    return text.replace(/\\([unhHwW$s@tTdA\\])/g, (_, what: string) => ({ u: this.variables.get("USER") ?? "user", n: "\n", h: "localhost", H: "localhost", w: this.cwd, W: this.cwd.split("/").at(-1) || "/", $: "$", s: "bash", "\\": "\\" })[what] ?? "");
  }
  substitute(body: List, source: string): Promise<string> {
    return this.interpreter.substitute(body, source);
  }
  processSubstitution(body: List, input: boolean): string {
    return this.interpreter.processSubstitution(body, input);
  }

  readonly #memory: Memory = {
    read: (name, index) => {
      const value = index === null ? this.parameters.get(name) : this.parameters.item(name, this.#key(index));
      if (value === undefined && this.options.has("nounset")) throw new ExpansionFault(`${index === null ? name : `${name}[${index}]`}: unbound variable`, true);
      return value ?? "";
    },
    write: (name, index, value) => this.assign(name, index === null ? null : this.#key(index), value),
  };
  #key(index: string): string {
    return index.replace(/^(["'])(.*)\1$/s, "$2");
  }
  arithmetic(text: string): Whole {
    return evaluate(text, this.#memory);
  }

  // --- variables ---

  /** Sets a variable as an assignment does: references followed, whole numbers computed. `index` is text, not yet computed. */
  assign(name: string, index: string | null, value: string, append = false): void {
    let target = this.variables.target(name);
    let key = index;
    const element = /^([A-Za-z_]\w*)\[(.*)\]$/s.exec(target);
    if (element !== null) {
      target = element[1]!;
      key = element[2]!;
    }
    const variable = this.variables.find(target);
    let place: string | number | undefined;
    if (key !== null) {
      if (variable?.map !== undefined) place = key;
      else {
        let at = Number(this.arithmetic(key));
        if (at < 0) at += variable?.list?.length ?? 0;
        if (at < 0) throw new ExpansionFault(`${target}[${key}]: bad array subscript`);
        place = at;
      }
    }
    const old = (): string => (place === undefined ? this.variables.get(target) : variable?.map !== undefined ? variable.map.get(String(place)) : variable?.list !== undefined ? variable.list[Number(place)] : place === 0 ? variable?.value : undefined) ?? "";
    let text = value;
    if (variable?.attributes.integer === true) text = String(append ? this.arithmetic(`${old() === "" ? "0" : old()}+(${value === "" ? "0" : value})`) : this.arithmetic(value));
    else if (append) text = old() + value;
    this.variables.set(target, text, place);
    if (this.options.has("allexport")) this.variables.find(target)!.attributes.exported = true;
    if (target === "OPTIND") this.optionAt = 0;
  }
  /** The index that an element's text in brackets means. */
  element(text: string): { name: string; index: string | null } | null {
    const match = /^([A-Za-z_]\w*)(?:\[(.*)\])?$/s.exec(text);
    return match === null ? null : { name: match[1]!, index: match[2] === undefined ? null : match[2].replace(/^(["'])(.*)\1$/s, "$2") };
  }
  setList(name: string, values: string[]): void {
    const variable = this.variables.demand(this.variables.target(name));
    variable.list = values;
    variable.value = undefined;
    variable.map = undefined;
  }
  value(name: string): string | undefined {
    return this.parameters.get(name);
  }

  // --- files and messages ---

  path(name: string): string {
    return resolve(this.cwd, name);
  }
  stream(fd: number): Stream | undefined {
    return this.fds.get(fd);
  }
  write(fd: number, text: string): void | Promise<void> {
    const stream = this.fds.get(fd);
    if (stream === undefined) return this.error(`${fd}: Bad file descriptor`);
    return stream.write(this.process, encode(text));
  }
  out(text: string): void | Promise<void> {
    return this.write(1, text);
  }
  get here(): string {
    return `${this.calls.at(-1)?.file ?? this.name}: line ${this.line}: `;
  }
  /** A message with the place it comes from. */
  error(text: string): void | Promise<void> {
    const stream = this.fds.get(2);
    return stream?.write(this.process, encode(`${this.here}${text}\n`));
  }
  async complain(text: string, status = 1): Promise<number> {
    await this.error(text);
    return status;
  }
  /** Reads a whole file as a script. */
  script(path: string): string {
    const content = this.machine.fs.open(path, {});
    return decode(content.read(0, content.size()));
  }
}
export { ArithmeticFault, Variable };
