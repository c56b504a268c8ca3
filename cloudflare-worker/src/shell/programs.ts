/** Finds what a name stands for and runs it as a process: programs, scripts, a shell in the shell. */
import { BUILTINS } from "./builtins/index.js";
import { decode } from "./bytes.js";
import { faultOf } from "./files.js";
import { Io, LimitFault } from "./machine.js";
import { Killed } from "./process.js";
import { ExitShell, Shell } from "./shell.js";

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
