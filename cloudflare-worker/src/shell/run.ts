/**
 * Runs one shell command over a file system that is given: what the Shell language and `child_process` of other languages are built on.
 * It has no global state; everything that a command may reach comes in here.
 */
import { encode } from "./bytes.js";
import type { FileSystem } from "./files.js";
import { Interpreter } from "./interpreter.js";
import { type Fetcher, type LimitFault, type Limits, Machine, MemoryFault, type Program } from "./machine.js";
import { programs as everything } from "./commands/index.js";
import { program } from "./programs.js";
import { Shell } from "./shell.js";
import { exportState, importState, type ShellState } from "./state.js";
import { Descriptors, InStream, NullStream, OutStream } from "./streams.js";
import type { Process } from "./process.js";
import { SyntaxFault } from "./syntax/source.js";

const EXIT_MEMORY = 137;

export interface ShellOptions {
  /** All of it; a function is asked for the next bytes when a command waits for them, null is the end. Left out: nothing. */
  stdin?: string | Uint8Array | ((prompt: string) => Uint8Array | null | Promise<Uint8Array | null>) | undefined;
  /** Whether somebody sits at it (`[ -t 0 ]`). */
  terminal?: boolean;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** $0 and $1…; for a script, its name is what messages begin with. */
  name?: string;
  args?: readonly string[];
  onStdout(bytes: Uint8Array): void;
  onStderr(bytes: Uint8Array): void;
  limits?: Partial<Limits>;
  /** Why a program may not be used, with its exit code; null when it may. */
  refusal?: (name: string) => { message: string; status: number } | null;
  /** Answers what `curl` and `wget` ask; without it they say that there is no network. */
  fetcher?: Fetcher | null;
  /** What an earlier run left: variables, functions, aliases, options, folder. */
  state?: ShellState | undefined;
  /** Called when the run is over and did not break off. */
  onState?: (state: ShellState) => void;
  /** Ends it from outside, as a signal does. */
  onStart?: (stop: (signal: number) => void) => void;
  programs?: ReadonlyMap<string, Program>;
}

export interface ShellEnding {
  exitCode: number;
  /** Set when a signal ended it. */
  signal: number | null;
  /** A fault that is more than an exit code. */
  error?: { type: "SyntaxError" | "LimitExceeded" | "MemoryError"; message: string; line?: number };
}

/** @param command a script's text, or a program with its arguments (no shell in between). */
export async function runShell(fs: FileSystem, command: string | readonly string[], options: ShellOptions): Promise<ShellEnding> {
  const machine = new Machine({ fs, programs: options.programs ?? everything, limits: options.limits ?? {}, refusal: options.refusal ?? (() => null), fetcher: options.fetcher ?? null });
  const process: Process = machine.start(null, "bash");
  const fds = new Descriptors();
  const { stdin } = options;
  const once = typeof stdin === "function" ? stdin : given(stdin);
  fds.set(0, once === null ? new NullStream() : new InStream(once, options.terminal ?? false));
  fds.set(1, new OutStream(options.onStdout, options.terminal ?? false));
  fds.set(2, new OutStream(options.onStderr, options.terminal ?? false));
  const shell = new Shell(machine, process, fds);
  const interpreter = new Interpreter(shell);
  shell.interpreter = interpreter;
  shell.begin(new Map(Object.entries(options.env ?? {})), options.cwd ?? "/");
  shell.name = options.name ?? "bash";
  shell.positional = [...(options.args ?? [])];
  options.onStart?.((signal) => process.signal(signal));
  const before = exportState(shell);
  if (options.state !== undefined) await importState(shell, options.state);
  const status = await interpreter.toTheEnd(() => (typeof command === "string" ? interpreter.source(command, 1, true) : program(shell, [...command])));
  const { killed } = process;
  fds.closeAll();
  machine.end(process, status);
  // What was sent to the background is waited for, as whoever reads the output to its end does.
  if (killed === null) await machine.idle();
  for (const other of [...machine.processes.values()]) other.signal(9);
  if (machine.fault !== null) {
    const fault: LimitFault = machine.fault;
    options.onStderr(encode(`${shell.name}: ${fault.message}\n`));
    if (fault instanceof MemoryFault) return { exitCode: EXIT_MEMORY, signal: null, error: { type: "MemoryError", message: fault.message } };
    return { exitCode: status === 0 ? 1 : status, signal: null, error: { type: "LimitExceeded", message: fault.message } };
  }
  options.onState?.(exportState(shell, before));
  const ending: ShellEnding = { exitCode: status, signal: killed };
  const { fault } = interpreter;
  if (fault instanceof SyntaxFault && status === 2) ending.error = { type: "SyntaxError", message: fault.message, line: fault.line };
  return ending;
}

function given(stdin: string | Uint8Array | undefined): ((prompt: string) => Uint8Array | null) | null {
  if (stdin === undefined || stdin.length === 0) return null;
  let rest: Uint8Array | null = typeof stdin === "string" ? encode(stdin) : stdin;
  return () => {
    const bytes = rest;
    rest = null;
    return bytes;
  };
}
