/**
 * Runs one shell command over files that are given: what child_process, subprocess and os.system are made of.
 * It is bundled on its own with its promises and timers as parameters (scripts/shell-engine.mjs), so that it also runs while its caller waits.
 */
import { Bash, defineCommand } from "just-bash/browser";
import type { FileSystem } from "./files.js";
import { Mounted } from "./mounted.js";

const COMMANDS_MAX = 10_000_000;
const CALL_DEPTH_MAX = 400;
const EXIT_ABSENT = 127;
const EXIT_SIGNAL = 128;

export interface ShellOptions {
  stdin?: Uint8Array;
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

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** The interpreter's output is text, or UTF-8 with a byte to a character. */
function bytesOf(raw: string): Uint8Array {
  for (let at = 0; at < raw.length; at += 1) if (raw.charCodeAt(at) > 255) return encoder.encode(raw);
  const bytes = Uint8Array.from(raw, (char) => char.charCodeAt(0));
  try {
    strict.decode(bytes);
    return bytes;
  } catch {
    return encoder.encode(raw);
  }
}

/** @param command a script's text, or a program with its arguments. */
export async function runShell(fs: FileSystem, command: string | readonly string[], options: ShellOptions): Promise<ShellEnding> {
  const absent = options.absent.map((name) => defineCommand(name, async () => ({ stdout: "", stderr: `${name}: is not available here\n`, exitCode: EXIT_ABSENT })));
  const cwd = options.cwd ?? "/";
  const bash = new Bash({
    fs: new Mounted(fs) as never, cwd, customCommands: absent, defenseInDepth: false, env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", TZ: "UTC", ...options.env, PWD: cwd },
    executionLimits: {
      maxCommandCount: COMMANDS_MAX, maxLoopIterations: COMMANDS_MAX, maxAwkIterations: COMMANDS_MAX, maxSedIterations: COMMANDS_MAX, maxWorkUnits: 10 * COMMANDS_MAX, maxCallDepth: CALL_DEPTH_MAX,
      maxLiveBytes: options.memoryBytesMax, maxFileSystemBytes: options.memoryBytesMax, maxOutputSize: options.memoryBytesMax,
    },
  });
  const stopped = new AbortController();
  let killed: number | null = null;
  options.onStart?.((signal) => { killed ??= signal; stopped.abort(); });
  const script = typeof command === "string" ? command : command.map(quoted).join(" ");
  const said = (await bash.exec(script, { rawScript: true, stdin: latin1(options.stdin ?? new Uint8Array(0)), stdinKind: "bytes", signal: stopped.signal })) as { stdout: string; stderr: string; exitCode: number; raw?: [string, string] };
  const [stdout, stderr] = said.raw ?? [said.stdout, said.stderr];
  return { exitCode: killed === null ? said.exitCode : EXIT_SIGNAL + killed, signal: killed, stdout: bytesOf(stdout), stderr: bytesOf(stderr) };
}
