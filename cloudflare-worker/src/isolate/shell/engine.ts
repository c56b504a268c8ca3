/**
 * Runs one shell command over files that are given: what child_process, subprocess and os.system are made of.
 * It is bundled on its own with its promises and timers as parameters (scripts/shell-engine.mjs), so that it also runs while its caller waits.
 */
import { concat } from "../../shell/bytes.js";
import type { FileSystem } from "../../shell/files.js";
import { runShell as run } from "../../shell/run.js";

const EXIT_ABSENT = 127;
/** Of the run's memory: what one value of a script may take. */
const VALUE_SHARE = 1 / 4;

export interface ShellOptions {
  /** All of it; or a function that is asked for the next bytes when a command waits for them, null is the end. */
  stdin?: Uint8Array | (() => Uint8Array | null | Promise<Uint8Array | null>);
  /** Told what is printed as it is printed. */
  onOutput?: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  memoryBytesMax: number;
  /** Programs that are not here. */
  absent: readonly string[];
  /** Hands out what ends the command from outside, as a signal does. */
  onStart?: (stop: (signal: number) => void) => void;
}

export interface ShellEnding {
  exitCode: number;
  signal: number | null;
  stdout: Uint8Array;
  stderr: Uint8Array;
}

/** @param command a script's text, or a program with its arguments. */
export async function runShell(fs: FileSystem, command: string | readonly string[], options: ShellOptions): Promise<ShellEnding> {
  const cwd = options.cwd ?? "/";
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const said = await run(fs, command, {
    name: "/bin/sh", cwd, stdin: options.stdin, env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", TZ: "UTC", ...options.env, PWD: cwd },
    limits: { textBytesMax: Math.floor(options.memoryBytesMax * VALUE_SHARE) },
    refusal: (name) => (options.absent.includes(name) ? { message: "is not available here", status: EXIT_ABSENT } : null),
    onStdout: (bytes) => { stdout.push(bytes); options.onOutput?.("stdout", bytes); },
    onStderr: (bytes) => { stderr.push(bytes); options.onOutput?.("stderr", bytes); },
    ...(options.onStart === undefined ? {} : { onStart: options.onStart }),
  });
  return { exitCode: said.exitCode, signal: said.signal, stdout: concat(stdout), stderr: concat(stderr) };
}
