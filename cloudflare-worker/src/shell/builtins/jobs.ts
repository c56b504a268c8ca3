/** Builtins about processes and folders: wait, jobs, kill, cd and its relatives, umask, ulimit, times. */
import { faultOf } from "../files.js";
import type { Job, Shell } from "../shell.js";
import { type Process, SIGNALS } from "../process.js";
import type { Builtin } from "./index.js";

function job(shell: Shell, text: string): Job | undefined {
  if (text === "%%" || text === "%+" || text === "%") return shell.jobs.at(-1);
  if (text === "%-") return shell.jobs.at(-2);
  if (/^%\d+$/.test(text)) return shell.jobs.find(({ id }) => id === Number(text.slice(1)));
  if (text.startsWith("%?")) return shell.jobs.find(({ source }) => source.includes(text.slice(2)));
  if (text.startsWith("%")) return shell.jobs.find(({ source }) => source.startsWith(text.slice(1)));
  return shell.jobs.find(({ process }) => process.pid === Number(text));
}
const forget = (shell: Shell, done: Job): void => {
  shell.jobs = shell.jobs.filter((other) => other !== done);
  shell.finished.set(done.process.pid, done.status ?? 0);
};

/** Waits; a trapped signal ends the waiting with its own code. */
async function until(shell: Shell, promise: Promise<number>): Promise<number> {
  const { process } = shell;
  return process.block<number>((done) => {
    void promise.then(done);
    return undefined;
  }, () => 128 + (process.pending[0] ?? 0));
}

export const wait: Builtin = async (shell, given) => {
  const args = [...given];
  let next = false;
  let variable: string | null = null;
  while (args[0]?.startsWith("-") === true) {
    const option = args.shift()!;
    if (option === "--") break;
    if (option === "-n") next = true;
    else if (option === "-f") continue;
    else if (option === "-p") variable = args.shift() ?? null;
    else return shell.complain(`wait: ${option}: invalid option`, 2);
  }
  if (next) {
    const pool = args.length > 0 ? args.map((arg) => job(shell, arg)).filter((found) => found !== undefined) : shell.jobs;
    if (pool.length === 0) return 127;
    const first = pool.find(({ status }) => status !== null) ?? (await Promise.race(pool.map(async (one) => {
      await until(shell, one.done);
      return one;
    })));
    const status = await first.done;
    if (variable !== null) shell.assign(variable, null, String(first.process.pid));
    forget(shell, first);
    return status;
  }
  if (args.length === 0) {
    for (const one of [...shell.jobs]) {
      const status = await until(shell, one.done);
      if (shell.process.pending.length > 0) return status;
      forget(shell, one);
    }
    return 0;
  }
  let status = 0;
  for (const arg of args) {
    const found = job(shell, arg);
    if (found === undefined) {
      const past = shell.finished.get(Number(arg));
      if (past !== undefined) status = past;
      else if (/^\d+$/.test(arg)) status = await shell.complain(`wait: pid ${arg} is not a child of this shell`, 127);
      else status = await shell.complain(`wait: ${arg.startsWith("%") ? `${arg}: no such job` : `\`${arg}': not a pid or valid job spec`}`, 127);
      continue;
    }
    status = await until(shell, found.done);
    if (shell.process.pending.length > 0) return status;
    forget(shell, found);
  }
  return status;
};

export const jobs: Builtin = async (shell, args) => {
  const flags = args.filter((arg) => arg.startsWith("-")).join("");
  for (const flag of flags.replaceAll("-", "")) if (!"lprsn".includes(flag)) return shell.complain(`jobs: -${flag}: invalid option`, 2);
  const shown = shell.jobs.length > 0 ? [...shell.jobs] : shell.inherited.filter(({ status }) => status === null);
  for (const [at, one] of shown.entries()) {
    if (flags.includes("p")) {
      await shell.out(`${one.process.pid}\n`);
      continue;
    }
    if (flags.includes("r") && one.status !== null) continue;
    const state = one.status === null ? "Running" : one.status === 0 ? "Done" : one.status > 128 ? "Terminated" : `Exit ${one.status}`;
    const mark = at === shown.length - 1 ? "+" : at === shown.length - 2 ? "-" : " ";
    await shell.out(`[${one.id}]${mark}  ${flags.includes("l") ? `${one.process.pid} ` : ""}${state.padEnd(22)}  ${one.source}${one.status === null ? " &" : ""}\n`);
    if (one.status !== null) forget(shell, one);
  }
  return 0;
};
export const foreground: Builtin = async (shell, args, name) => {
  const found = args[0] === undefined ? shell.jobs.at(-1) : job(shell, args[0]);
  if (!shell.options.has("monitor")) return shell.complain(`${name}: no job control`);
  if (found === undefined) return shell.complain(`${name}: ${args[0] ?? "current"}: no such job`);
  if (name === "bg") return 0;
  await shell.out(`${found.source}\n`);
  const status = await until(shell, found.done);
  forget(shell, found);
  return status;
};
export const disown: Builtin = (shell, args) => {
  const chosen = args.filter((arg) => !arg.startsWith("-")).map((arg) => job(shell, arg));
  shell.jobs = args.includes("-a") || chosen.length === 0 ? (args.includes("-a") ? [] : shell.jobs.slice(0, -1)) : shell.jobs.filter((one) => !chosen.includes(one));
  return 0;
};

export const kill: Builtin = async (shell, given) => {
  const args = [...given];
  let signal = 15;
  const parse = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : (SIGNALS[text.toUpperCase().replace(/^SIG/, "")] ?? (text === "EXIT" ? 0 : null)));
  if (args[0] === "-l" || args[0] === "-L") {
    if (args[1] === undefined) {
      const cells = Object.entries(SIGNALS).map(([name, value]) => `${String(value).padStart(2)}) SIG${name}`);
      for (let at = 0; at < cells.length; at += 5) await shell.out(`${cells.slice(at, at + 5).join("\t")}\n`);
      return 0;
    }
    for (const arg of args.slice(1)) await shell.out(`${/^\d+$/.test(arg) ? (Object.entries(SIGNALS).find(([, value]) => value === Number(arg) % 128)?.[0] ?? arg) : (parse(arg) ?? "")}\n`);
    return 0;
  }
  if (args[0] === "-s" || args[0] === "-n") {
    const found = parse(args[1] ?? "");
    if (found === null) return shell.complain(`kill: ${args[1]}: invalid signal specification`);
    signal = found;
    args.splice(0, 2);
  } else if (args[0] !== undefined && /^-./.test(args[0]) && args[0] !== "--") {
    const found = parse(args[0].slice(1));
    if (found === null) return shell.complain(`kill: ${args[0].slice(1)}: invalid signal specification`);
    signal = found;
    args.shift();
  }
  if (args[0] === "--") args.shift();
  if (args.length === 0) return shell.complain("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]", 2);
  let status = 0;
  for (const arg of args) {
    let target: Process | undefined;
    if (arg.startsWith("%")) {
      const found = job(shell, arg);
      if (found === undefined) {
        status = await shell.complain(`kill: ${arg}: no such job`);
        continue;
      }
      target = found.process.ended ? undefined : found.process;
    } else if (!/^-?\d+$/.test(arg)) {
      status = await shell.complain(`kill: ${arg}: arguments must be process or job IDs`);
      continue;
    } else target = Number(arg) === 0 ? shell.process : shell.machine.processes.get(Math.abs(Number(arg)));
    if (target === undefined) {
      status = await shell.complain(`kill: (${arg}) - No such process`);
      continue;
    }
    if (signal !== 0) target.signal(signal);
    shell.process.check();
  }
  return status;
};

// --- folders ---

function change(shell: Shell, path: string): string | null {
  let goal = path;
  try {
    const stat = shell.machine.fs.stat(goal);
    if (stat.kind !== "directory") return "Not a directory";
    if (shell.options.has("physical")) goal = shell.machine.fs.realpath(goal);
  } catch (error) {
    return faultOf(error);
  }
  shell.variables.set("OLDPWD", shell.cwd);
  shell.variables.find("OLDPWD")!.attributes.exported = true;
  shell.cwd = goal;
  shell.variables.set("PWD", goal);
  return null;
}
export const cd: Builtin = async (shell, given) => {
  const args = given.filter((arg) => !/^-[LPe@]+$/.test(arg) && arg !== "--");
  if (args.length > 1) return shell.complain("cd: too many arguments");
  if (args[0] !== undefined && /^-./.test(args[0])) return shell.complain(`cd: ${args[0]}: invalid option`, 2);
  let [goal] = args;
  if (goal === undefined) {
    goal = shell.value("HOME");
    if (goal === undefined) return shell.complain("cd: HOME not set");
  }
  let say = false;
  if (goal === "-") {
    goal = shell.value("OLDPWD");
    if (goal === undefined) return shell.complain("cd: OLDPWD not set");
    say = true;
  }
  let path = shell.path(goal);
  const search = shell.value("CDPATH");
  if (search !== undefined && !/^\.{0,2}(\/|$)/.test(goal)) {
    for (const folder of search.split(":")) {
      const candidate = shell.path(`${folder === "" ? "." : folder}/${goal}`);
      try {
        if (shell.machine.fs.stat(candidate).kind === "directory") {
          path = candidate;
          say = folder !== "" && folder !== ".";
          break;
        }
      } catch {
        // Not there.
      }
    }
  }
  if (given.includes("-P")) {
    try {
      path = shell.machine.fs.realpath(path);
    } catch {
      // Said below.
    }
  }
  const fault = goal === "" ? null : change(shell, path);
  if (fault !== null) return shell.complain(`cd: ${goal}: ${fault}`);
  if (say) await shell.out(`${shell.cwd}\n`);
  return 0;
};
export const pwd: Builtin = async (shell, args) => {
  await shell.out(`${args.includes("-P") ? shell.machine.fs.realpath(shell.cwd) : shell.cwd}\n`);
  return 0;
};
const tilde = (shell: Shell, path: string): string => {
  const home = shell.value("HOME") ?? "";
  return home !== "" && home !== "/" && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path;
};
export const dirs: Builtin = async (shell, args) => {
  if (args.includes("-c")) {
    shell.folders = [];
    return 0;
  }
  const all = [shell.cwd, ...shell.folders];
  const flags = args.join("");
  const shown = flags.includes("l") ? all : all.map((path) => tilde(shell, path));
  await shell.out(flags.includes("v") ? shown.map((path, at) => `${String(at).padStart(2)}  ${path}\n`).join("") : `${shown.join(flags.includes("p") ? "\n" : " ")}\n`);
  return 0;
};
export const pushd: Builtin = async (shell, args) => {
  const quiet = args[0] === "-n";
  const [goal] = args.filter((arg) => arg !== "-n");
  const all = [shell.cwd, ...shell.folders];
  if (goal === undefined) {
    if (shell.folders.length === 0) return shell.complain("pushd: no other directory");
    all.splice(0, 2, all[1]!, all[0]!);
  } else if (/^[+-]\d+$/.test(goal)) {
    const at = goal.startsWith("+") ? Number(goal.slice(1)) : all.length - 1 - Number(goal.slice(1));
    if (at < 0 || at >= all.length) return shell.complain(`pushd: ${goal}: directory stack index out of range`);
    all.push(...all.splice(0, at));
  } else {
    const path = shell.path(goal === "-" ? (shell.value("OLDPWD") ?? "") : goal);
    const fault = quiet ? null : change(shell, path);
    if (fault !== null) return shell.complain(`pushd: ${goal}: ${fault}`);
    shell.folders.unshift(quiet ? path : all[0]!);
    return dirs(shell, [], "dirs");
  }
  const fault = change(shell, all[0]!);
  if (fault !== null) return shell.complain(`pushd: ${all[0]}: ${fault}`);
  shell.folders = all.slice(1);
  return dirs(shell, [], "dirs");
};
export const popd: Builtin = async (shell, args) => {
  if (shell.folders.length === 0) return shell.complain("popd: directory stack empty");
  const index = args.find((arg) => /^[+-]\d+$/.test(arg));
  if (index !== undefined && index !== "+0") {
    const at = index.startsWith("+") ? Number(index.slice(1)) : shell.folders.length - Number(index.slice(1));
    if (at > shell.folders.length) return shell.complain(`popd: ${index}: directory stack index out of range`);
    if (at > 0) {
      shell.folders.splice(at - 1, 1);
      return dirs(shell, [], "dirs");
    }
  }
  const goal = shell.folders.shift()!;
  const fault = change(shell, goal);
  if (fault !== null) return shell.complain(`popd: ${goal}: ${fault}`);
  return dirs(shell, [], "dirs");
};

export const umask: Builtin = async (shell, args) => {
  const [mask] = args.filter((arg) => !arg.startsWith("-") || /^-?\d/.test(arg));
  if (mask === undefined) {
    const bits = shell.machine.umask;
    const letters = (shift: number): string => ["r", "w", "x"].filter((_, at) => ((bits >> shift) & (4 >> at)) === 0).join("");
    await shell.out(args.includes("-S") ? `u=${letters(6)},g=${letters(3)},o=${letters(0)}\n` : `${bits.toString(8).padStart(4, "0")}\n`);
    return 0;
  }
  if (!/^[0-7]{1,4}$/.test(mask)) return shell.complain(`umask: ${mask}: ${/^\d+$/.test(mask) ? "octal number out of range" : "symbolic masks are not supported here"}`);
  shell.machine.umask = Number.parseInt(mask, 8);
  return 0;
};
export const ulimit: Builtin = async (shell, args) => {
  if (args.length === 0 || /^-[A-Za-z]+$/.test(args.at(-1)!)) await shell.out(args[0] === "-n" ? "1024\n" : "unlimited\n");
  return 0;
};
export const times: Builtin = async (shell) => {
  await shell.out("0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n");
  return 0;
};
