/**
 * node:child_process over the shell of this isolate: no process is ever started, commands run in the interpreter on the program's own files.
 */
import type { ShellEnding, ShellOptions } from "../../../isolate/shell/engine.js";
import { setImmediate } from "../../../isolate/primordials.js";
import { ABSENT_IN_COMMANDS } from "../../shell/modules.js";
import type { Lifecycle } from "./lifecycle.js";
import { type Builtin, native } from "./native.js";
import type { Shell } from "./shell.js";

const MAX_BUFFER_BYTES = 1024 * 1024;
const CHILDREN_COUNT_MAX = 512;
const FIRST_PID = 1001;
const EXIT_ABSENT = 127;
const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGUSR1: 10, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 };
const PROMISIFY = Symbol.for("nodejs.util.promisify.custom");

type Stream = "stdout" | "stderr";
interface Options {
  cwd?: string | URL; env?: Record<string, unknown>; input?: string | Uint8Array; encoding?: string | null; timeout?: number; maxBuffer?: number; killSignal?: string | number;
  shell?: boolean | string; stdio?: string | unknown[]; signal?: AbortSignal;
}
type Callback = (error: Error | null, stdout: unknown, stderr: unknown) => void;
type Command = { text: string | string[]; file: string; args: string[] };

export interface ChildProcessParts {
  shell: Shell;
  life: Lifecycle;
  memoryBytesMax: number;
  env(): Record<string, unknown>;
  write(stream: Stream, text: string): void;
}

const signalName = (number: number): string => Object.keys(SIGNALS).find((name) => SIGNALS[name] === number) ?? "SIGTERM";
const signalNumber = (signal: unknown): number => (typeof signal === "number" ? signal : (SIGNALS[String(signal ?? "SIGTERM")] ?? 15));
const invalid = (what: string, value: unknown) => Object.assign(new TypeError(`The "${what}" argument must be of type string. Received ${value === null ? "null" : typeof value}`), { code: "ERR_INVALID_ARG_TYPE" });

function text(what: string, value: unknown): string {
  if (typeof value !== "string") throw invalid(what, value);
  return value;
}

/** `(file, args?, options?, callback?)`: each may be left out. */
function taken(given: unknown[]): { args: string[]; options: Options; callback: Callback | undefined } {
  const rest = [...given];
  const args = Array.isArray(rest[0]) ? (rest.shift() as unknown[]).map(String) : [];
  if (rest.length > 1 && (rest[0] === undefined || rest[0] === null)) rest.shift();
  const options = typeof rest[0] === "object" && rest[0] !== null ? (rest.shift() as Options) : {};
  return { args, options, callback: rest.find((item) => typeof item === "function") as Callback | undefined };
}

/** What each of the three streams is: "pipe", "inherit" or "ignore". */
function pipes(stdio: Options["stdio"], standard: string[]): string[] {
  const list = typeof stdio === "string" ? [stdio, stdio, stdio] : (stdio ?? standard);
  return standard.map((usual, at) => {
    const one = list[at] ?? usual;
    return one === at || one === "inherit" ? "inherit" : one === "ignore" || one === null ? "ignore" : one === "pipe" || one === "overlapped" ? "pipe" : "inherit";
  });
}

export function createChildProcess(parts: ChildProcessParts): Builtin {
  const { shell, life } = parts;
  const { EventEmitter } = native.getBuiltinModule("node:events") as Builtin;
  const { Readable, Writable } = native.getBuiltinModule("node:stream") as Builtin;
  const { Buffer } = native.getBuiltinModule("node:buffer") as Builtin;
  let lastPid = FIRST_PID - 1;
  let open = 0;

  const commandOf = (file: string, args: string[], options: Options): Command =>
    options.shell ? { text: [file, ...args].join(" "), file, args } : { text: [file, ...args], file, args };
  const shellOptions = (options: Options, stdin: ShellOptions["stdin"]): ShellOptions => {
    const given = Object.entries(options.env ?? parts.env()).filter(([, value]) => value !== undefined);
    const cwd = options.cwd === undefined ? native.cwd() : String(options.cwd instanceof URL ? decodeURIComponent(options.cwd.pathname) : options.cwd);
    const folder = cwd.startsWith("/") ? cwd : `${native.cwd()}/${cwd}`;
    return { env: { HOME: native.cwd(), ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])) }, cwd: folder, memoryBytesMax: parts.memoryBytesMax, absent: ABSENT_IN_COMMANDS, ...(stdin === undefined ? {} : { stdin }) };
  };
  const bytesOf = (input: unknown): Uint8Array => (typeof input === "string" ? Buffer.from(input) : Buffer.from(input as Uint8Array));
  const decoded = (bytes: Uint8Array, encoding: string | null | undefined): unknown => {
    const buffer = Buffer.from(bytes);
    return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
  };
  /** A program that is not there fails to start, which is not the same as a shell that says so. */
  const missing = ({ text: run, file, args }: Command, ending: ShellEnding, call: string): Error | null => {
    const said = new TextDecoder().decode(ending.stderr);
    if (typeof run === "string" || ending.exitCode !== EXIT_ABSENT || !["command not found", "No such file or directory", "is not available here"].some((words) => said.includes(`${file}: ${words}`))) return null;
    const hint = ABSENT_IN_COMMANDS.includes(file) ? `: ${file} is not available here, commands run in a shell of this isolate` : "";
    return Object.assign(new Error(`${call} ${file} ENOENT${hint}`), { errno: -2, code: "ENOENT", syscall: `${call} ${file}`, path: file, spawnargs: args });
  };
  const bounded = (bytes: Uint8Array, options: Options): Uint8Array => bytes.subarray(0, options.maxBuffer ?? MAX_BUFFER_BYTES);
  const overflow = (ending: ShellEnding, options: Options, code: string): Error | null => {
    const stream = (["stdout", "stderr"] as const).find((name) => ending[name].length > (options.maxBuffer ?? MAX_BUFFER_BYTES));
    return stream === undefined ? null : Object.assign(new RangeError(`${stream} maxBuffer length exceeded`), { code });
  };
  const failure = (shown: string, ending: ShellEnding) =>
    Object.assign(new Error(`Command failed: ${shown}\n${new TextDecoder().decode(ending.stderr)}`), { code: ending.signal === null ? ending.exitCode : null, killed: ending.signal !== null, signal: ending.signal === null ? null : signalName(ending.signal), cmd: shown });

  class ChildProcess extends EventEmitter {
    readonly pid = ++lastPid;
    readonly spawnfile: string;
    readonly spawnargs: string[];
    stdin: Builtin | null = null;
    stdout: Builtin | null = null;
    stderr: Builtin | null = null;
    exitCode: number | null = null;
    signalCode: string | null = null;
    killed = false;
    connected = false;
    readonly #command: Command;
    readonly #options: Options;
    readonly #kinds: string[];
    readonly #input: Uint8Array[] = [];
    #inputEnded: boolean;
    #wake: () => void = () => undefined;
    #stop: ((signal: number) => void) | null = null;
    #started = false;
    #over = false;

    constructor(command: Command, options: Options) {
      super();
      if (open >= CHILDREN_COUNT_MAX) throw Object.assign(new Error(`spawn EAGAIN: more than ${CHILDREN_COUNT_MAX} commands at once`), { code: "EAGAIN", errno: -11, syscall: "spawn" });
      open += 1;
      this.#command = command;
      this.#options = options;
      this.spawnfile = command.file;
      this.spawnargs = [command.file, ...command.args];
      this.#kinds = pipes(options.stdio, ["pipe", "pipe", "pipe"]);
      this.#inputEnded = this.#kinds[0] !== "pipe";
      if (!this.#inputEnded) this.stdin = this.#sink();
      for (const [at, name] of [[1, "stdout"], [2, "stderr"]] as const) if (this.#kinds[at] === "pipe") this[name] = new Readable({ read() {} });
      life.hold();
      setImmediate(() => { life.guard(() => { this.emit("spawn"); }); this.#start(); });
      options.signal?.addEventListener("abort", () => this.#abort(options.signal as AbortSignal), { once: true });
      if (options.signal?.aborted) this.#abort(options.signal);
    }

    get stdio() { return [this.stdin, this.stdout, this.stderr]; }

    #sink(): Builtin {
      const input = this.#input;
      const wake = () => this.#wake();
      const end = () => { this.#inputEnded = true; wake(); };
      return new Writable({
        write(chunk: Uint8Array, _encoding: unknown, done: () => void) { input.push(chunk); wake(); done(); },
        final(done: () => void) { end(); done(); },
        destroy(error: unknown, done: (error: unknown) => void) { end(); done(error); },
      });
    }

    /** The next bytes that the program writes; null when it has ended. */
    #read(): Uint8Array | null | Promise<Uint8Array | null> {
      const next = this.#input.shift();
      if (next !== undefined || this.#inputEnded) return next ?? null;
      return new Promise((resolve) => { this.#wake = () => { this.#wake = () => undefined; resolve(this.#read()); }; });
    }

    #print(name: Stream, bytes: Uint8Array): void {
      if (this.#over) return;
      const stream = this[name];
      if (stream !== null) stream.push(Buffer.from(bytes));
      else if (this.#kinds[name === "stdout" ? 1 : 2] === "inherit") parts.write(name, new TextDecoder().decode(bytes));
    }

    #start(): void {
      if (this.#started || this.#over) return;
      this.#started = true;
      const options = shellOptions(this.#options, () => this.#read());
      // Whether a program is there at all shows in its errors: they wait for its end.
      const late = typeof this.#command.text !== "string";
      options.onOutput = (name, bytes) => { if (!(late && name === "stderr")) life.guard(() => this.#print(name, bytes)); };
      options.onStart = (stop) => { this.#stop = stop; };
      const { timeout } = this.#options;
      const cancel = timeout ? shell.after(timeout, () => { this.kill(this.#options.killSignal); }) : () => undefined;
      shell.start(this.#command.text, options).then(
        (ending) => { cancel(); this.#end(ending, late); },
        (error: unknown) => { cancel(); this.#end({ exitCode: 1, signal: null, stdout: new Uint8Array(0), stderr: bytesOf(`${error}\n`) }, true); },
      );
    }

    #end(ending: ShellEnding, tellErrors: boolean): void {
      if (this.#over) return;
      const error = missing(this.#command, ending, "spawn");
      if (tellErrors && error === null && ending.stderr.length > 0) life.guard(() => this.#print("stderr", ending.stderr));
      this.#over = true;
      open -= 1;
      life.guard(() => {
        if (error !== null) {
          this.exitCode = -2;
          this.#close(() => { this.emit("error", error); this.emit("close", -2, null); });
          return;
        }
        if (ending.signal === null) this.exitCode = ending.exitCode;
        else this.signalCode = signalName(ending.signal);
        this.emit("exit", this.exitCode, this.signalCode);
        this.#close(() => { this.emit("close", this.exitCode, this.signalCode); });
      });
    }

    /** Calls back when all that was printed has been taken. */
    #close(done: () => void): void {
      let waiting = 1;
      const one = () => {
        waiting -= 1;
        if (waiting === 0) setImmediate(() => { life.guard(done); life.release(); });
      };
      for (const stream of [this.stdout, this.stderr]) {
        if (stream === null) continue;
        stream.push(null);
        // Nobody may be reading it: then there is nothing to wait for.
        if (stream.readableFlowing) { waiting += 1; stream.once("close", one); }
      }
      one();
    }

    #abort(signal: AbortSignal): void {
      if (this.#over) return;
      this.kill(this.#options.killSignal);
      this.emit("error", Object.assign(new Error("The operation was aborted", { cause: signal.reason }), { name: "AbortError", code: "ABORT_ERR" }));
    }

    kill(signal?: unknown): boolean {
      const number = signalNumber(signal);
      if (this.#over) return false;
      if (number === 0) return true;
      this.killed = true;
      if (this.#stop === null) {
        this.#started = true;
        setImmediate(() => this.#end({ exitCode: 128 + number, signal: number, stdout: new Uint8Array(0), stderr: new Uint8Array(0) }, false));
      } else this.#stop(number);
      return true;
    }
    ref(): this { return this; }
    unref(): this { return this; }
    disconnect(): void {}
    send(): never { throw Object.assign(new Error("Channel closed"), { code: "ERR_IPC_CHANNEL_CLOSED" }); }
    [Symbol.dispose](): void { this.kill(); }
  }

  /** Collects what a child prints and calls back once. */
  const collected = (command: Command, shown: string, options: Options, callback: Callback | undefined): ChildProcess => {
    const child = new ChildProcess(command, { ...options, stdio: "pipe" });
    const printed: Record<Stream, Uint8Array[]> = { stdout: [], stderr: [] };
    const encoding = options.encoding === undefined ? "utf8" : options.encoding;
    let failed: Error | null = null;
    for (const name of ["stdout", "stderr"] as const) child[name]?.on("data", (part: Uint8Array) => { printed[name].push(part); });
    child.once("error", (error: Error) => { failed = error; });
    child.once("close", (code: number, signal: string | null) => {
      const ending: ShellEnding = { exitCode: code ?? 0, signal: signal === null ? null : signalNumber(signal), stdout: Buffer.concat(printed.stdout), stderr: Buffer.concat(printed.stderr) };
      const error = failed ?? overflow(ending, options, "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") ?? (ending.exitCode === 0 && signal === null ? null : failure(shown, ending));
      if (failed !== null) Object.assign(failed, { cmd: shown });
      callback?.(error, decoded(bounded(ending.stdout, options), encoding), decoded(bounded(ending.stderr, options), encoding));
    });
    return child;
  };

  const spawn = (file: unknown, ...given: unknown[]): ChildProcess => {
    const { args, options } = taken(given);
    return new ChildProcess(commandOf(text("file", file), args, options), options);
  };
  const exec = (command: unknown, ...given: unknown[]): ChildProcess => {
    const { options, callback } = taken(given);
    return collected({ text: text("command", command), file: "/bin/sh", args: ["-c", command as string] }, command as string, options, callback);
  };
  const execFile = (file: unknown, ...given: unknown[]): ChildProcess => {
    const { args, options, callback } = taken(given);
    return collected(commandOf(text("file", file), args, options), [file, ...args].join(" "), options, callback);
  };
  const promised = (run: (...given: unknown[]) => ChildProcess) => (...given: unknown[]) => {
    let child: ChildProcess | undefined;
    const promise = new Promise((resolve, reject) => {
      child = run(...given, (error: Error | null, stdout: unknown, stderr: unknown) => { if (error === null) resolve({ stdout, stderr }); else reject(Object.assign(error, { stdout, stderr })); });
    });
    return Object.assign(promise, { child });
  };
  Object.defineProperty(exec, PROMISIFY, { value: promised(exec) });
  Object.defineProperty(execFile, PROMISIFY, { value: promised(execFile) });

  /** Runs to its end while the program waits. */
  const finish = (command: Command, options: Options): ShellEnding => {
    const asked = shellOptions(options, options.input === undefined ? undefined : bytesOf(options.input));
    let cancel = (): void => undefined;
    asked.onStart = (stop) => { if (options.timeout) cancel = shell.after(options.timeout, () => stop(signalNumber(options.killSignal))); };
    try {
      return shell.wait(command.text, asked);
    } finally {
      cancel();
    }
  };
  const sync = (command: Command, options: Options, standard: string[]) => {
    const kinds = pipes(options.stdio, standard);
    const ending = finish(command, options);
    for (const [name, at] of [["stdout", 1], ["stderr", 2]] as const) if (kinds[at] === "inherit") parts.write(name, new TextDecoder().decode(ending[name]));
    const shown = (name: Stream, at: number) => (kinds[at] === "pipe" ? decoded(bounded(ending[name], options), options.encoding) : null);
    return { ending, stdout: shown("stdout", 1), stderr: shown("stderr", 2) };
  };
  const timedOut = (call: string, file: string) => Object.assign(new Error(`${call} ${file} ETIMEDOUT`), { errno: -110, code: "ETIMEDOUT", syscall: `${call} ${file}`, path: file });

  const spawnSync = (file: unknown, ...given: unknown[]) => {
    const { args, options } = taken(given);
    const command = commandOf(text("file", file), args, options);
    const { ending, stdout, stderr } = sync(command, options, ["pipe", "pipe", "pipe"]);
    lastPid += 1;
    const error = missing(command, ending, "spawnSync") ?? overflow(ending, options, "ENOBUFS") ?? (options.timeout && ending.signal !== null ? timedOut("spawnSync", command.file) : null);
    if (error !== null && (error as unknown as { code: string }).code === "ENOENT") return { error, status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null };
    const status = ending.signal === null ? ending.exitCode : null;
    return { pid: lastPid, output: [null, stdout, stderr], stdout, stderr, status, signal: ending.signal === null ? null : signalName(ending.signal), ...(error === null ? {} : { error }) };
  };
  const checked = (command: Command, shown: string, options: Options): unknown => {
    // Like Node: what goes wrong is seen at once, unless the program wants it for itself.
    const { ending, stdout, stderr } = sync(command, options, ["pipe", "pipe", options.stdio === undefined ? "inherit" : "pipe"]);
    const absent = missing(command, ending, "spawnSync");
    const error = absent ?? overflow(ending, options, "ENOBUFS") ?? (options.timeout && ending.signal !== null ? timedOut("spawnSync", command.file) : ending.exitCode === 0 ? null : failure(shown, ending));
    if (error === null) return stdout;
    const errors = decoded(bounded(ending.stderr, options), options.encoding);
    throw Object.assign(error, { status: absent === null && ending.signal === null ? ending.exitCode : null, signal: ending.signal === null ? null : signalName(ending.signal), pid: ++lastPid, output: [null, stdout, stderr ?? errors], stdout, stderr: stderr ?? errors });
  };
  const execSync = (command: unknown, options: Options = {}) => checked({ text: text("command", command), file: "/bin/sh", args: ["-c", command as string] }, command as string, options);
  const execFileSync = (file: unknown, ...given: unknown[]) => {
    const { args, options } = taken(given);
    return checked(commandOf(text("file", file), args, options), [file, ...args].join(" "), options);
  };
  const fork = (): never => {
    throw Object.assign(new Error("child_process.fork is not available: there are no Node processes here; import the module, or run a command with exec or spawn"), { code: "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM" });
  };
  return { ChildProcess, spawn, exec, execFile, spawnSync, execSync, execFileSync, fork };
}
