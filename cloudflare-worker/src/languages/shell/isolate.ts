/**
 * The Shell isolate's main module: runs one script in the interpreter over an in-memory file system. What the interpreter does not have ends in
 * its own error, never in another program's behaviour; input that is typed while it runs is not supported and said so.
 */
import { Bash, defineCommand, InMemoryFs } from "just-bash";
import { Gate } from "../../isolate/gate.js";
import { type Ending, type Guest, serve, turn, type World } from "../../isolate/guest.js";
import type { Json, Stream } from "../../wire.js";
import { ABSENT, COUNTERPARTS } from "./modules.js";

const ROOT = "/session";
const COMMANDS_MAX = 10_000_000;
const RANGE_MAX = 1_000_000;
const CALL_DEPTH_MAX = 400;
const EXIT_REFUSED = 126;
const EXIT_ABSENT = 127;
const EXIT_MEMORY = 137;
const STREAMS: readonly Stream[] = ["stdout", "stderr"];

/** EXIT traps; the interpreter has none. Signals never come here; what cannot be done is refused. On one line, so that lines stay where they are. */
const TRAPS = [
  `trap(){ local __do="$1" __s; if [ $# -eq 0 ]; then [ -n "$__on_exit" ] && printf "trap -- '%s' EXIT\\n" "$__on_exit"; return 0; fi; [ "$1" = "--" ] && shift && __do="$1"; shift;`,
  `[ "$__do" = "-" ] && __do=""; for __s in "$@"; do case "$__s" in EXIT|0) __on_exit="$__do";; INT|TERM|HUP|QUIT|PIPE|USR1|USR2|SIG*|1|2|3|13|15) ;; *) echo "trap: $__s is not supported here" >&2; return 1;; esac; done; };`,
  `__finish(){ local __c=$1; if [ -n "$__on_exit" ]; then local __do="$__on_exit"; __on_exit=""; (exit $__c); eval "$__do"; fi; builtin exit $__c; };`,
].join(" ");

/** What the interpreter's output is made of: text, or bytes one to a character. */
function decoded(raw: string): string {
  let wide = false;
  for (let at = 0; at < raw.length; at += 1) {
    const code = raw.charCodeAt(at);
    if (code > 255) return raw;
    if (code > 127) wide = true;
  }
  if (!wide) return raw;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Uint8Array.from(raw, (char) => char.charCodeAt(0)));
  } catch {
    return raw;
  }
}

/** Sends what each statement of the outermost script printed; the interpreter calls it (see embed.mjs). */
class Steps {
  readonly #world: World;
  #script: unknown;
  readonly #traps: boolean;
  readonly sent = [0, 0];

  constructor(world: World, traps: boolean) {
    this.#world = world;
    this.#traps = traps;
  }
  begin(script: unknown): void {
    this.#script ??= script;
  }
  passesTrap(script: { statements: unknown[] }, statement: unknown): boolean {
    return this.#traps && script === this.#script && statement !== script.statements.at(-1);
  }
  step(script: unknown, { stdout, stderr }: { stdout: string; stderr: string }): void {
    if (script === this.#script) this.send([stderr, stdout]);
  }
  send([stderr, stdout]: [string, string]): void {
    [stdout, stderr].forEach((raw, at) => {
      this.sent[at] = (this.sent[at] ?? 0) + raw.length;
      if (raw !== "") this.#world.text(STREAMS[at] as Stream, decoded(raw));
    });
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function assignment(name: string, value: Json): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) return "";
  if (Array.isArray(value)) return `${name}=(${value.map((item) => quoted(word(item))).join(" ")}); `;
  return `${name}=${quoted(word(value))}; `;
}
const word = (value: Json): string => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

const guest: Guest<null> = {
  async boot() {
    await new Bash({ cwd: "/" }).exec("for i in 1 2; do echo $i | sed s/1/2/; done; x=$(echo y); [[ $x == y ]]", { rawScript: true });
    return null;
  },

  async run(_, run, world) {
    const files = world.files;
    const fs = new InMemoryFs();
    for (const [name, bytes] of files) {
      const path = `${ROOT}/${name}`;
      await fs.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await fs.writeFile(path, bytes);
    }
    await fs.mkdir("/tmp", { recursive: true });
    const gate = new Gate(COUNTERPARTS, run);
    const refusals = Object.keys(COUNTERPARTS).flatMap((name) => {
      const why = gate.refusal(name) ?? (ABSENT.includes(name) ? "is not available here" : null);
      if (why === null) return [];
      return [defineCommand(name, async () => ({ stdout: "", stderr: `${name}: ${why}\n`, exitCode: gate.refusal(name) === null ? EXIT_ABSENT : EXIT_REFUSED }))];
    });
    const bash = new Bash({
      fs, cwd: ROOT, customCommands: refusals, defenseInDepth: false,
      env: { HOME: ROOT, PATH: "/usr/bin:/bin", PWD: ROOT, USER: "user", LANG: "C.UTF-8", TZ: "UTC" },
      executionLimits: {
        maxCommandCount: COMMANDS_MAX, maxLoopIterations: COMMANDS_MAX, maxAwkIterations: COMMANDS_MAX, maxSedIterations: COMMANDS_MAX, maxWorkUnits: 10 * COMMANDS_MAX, maxCallDepth: CALL_DEPTH_MAX, maxBraceExpansionResults: RANGE_MAX,
        maxLiveBytes: run.memoryLimitBytes, maxFileSystemBytes: run.memoryLimitBytes, maxOutputSize: run.memoryLimitBytes, maxExecutionTimeMs: run.timeoutMs + 1000,
      },
    });
    (bash as unknown as { state: { env: Map<string, string> } }).state.env.set("0", run.entry);
    const source = new TextDecoder().decode(files.get(run.entry));
    const traps = /\btrap\b/.test(source);
    const given = Object.entries(run.context).map(([name, value]) => assignment(name, value)).join("");
    const script = `${given}set -- ${run.argv.map(quoted).join(" ")}; ${traps ? TRAPS : ""}${source}${traps ? "\n__finish $?" : ""}`;
    if (run.interactive && run.stdin === null && /\bread\b|\bselect\b/.test(source)) world.text("stderr", "shell: input cannot be typed while a script runs; give it as stdin\n");
    const steps = new Steps(world, traps);
    Object.assign(globalThis, { shellSteps: steps });
    let ending: Ending = { exitCode: 0 };
    try {
      // Positional parameters are set inside, so a script without arguments starts with none.
      const said = (await bash.exec(script, { rawScript: true, stdin: run.stdin ?? "" })) as Awaited<ReturnType<Bash["exec"]>> & { raw?: [string, string] };
      const [stdout, stderr] = said.raw ?? [said.stdout, said.stderr];
      steps.send([stderr.slice(steps.sent[1]), stdout.slice(steps.sent[0])]);
      ending = { exitCode: said.exitCode };
      if (traps && said.env.__on_exit) world.text("stderr", "shell: the trap on EXIT did not run\n");
      const syntax = /syntax error: Parse error at (\d+):\d+: (.*)/.exec(said.stderr);
      const limit = /increase executionLimits\.|limit exceeded|maximum .* exceeded/.exec(said.stderr);
      if (syntax !== null) ending.error = { type: "SyntaxError", message: syntax[2] ?? "", stack: said.stderr.trim(), line: Number(syntax[1]), file: run.entry };
      else if (limit !== null && said.exitCode === EXIT_REFUSED) ending.error = { type: "LimitExceeded", message: said.stderr.trim().split("\n").at(-1) ?? "", stack: said.stderr.trim() };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const memory = /live bytes|memory|ENOSPC|file ?system/i.test(message);
      ending = { exitCode: memory ? EXIT_MEMORY : 1, error: { type: memory ? "MemoryError" : "ShellError", message, stack: message } };
    }
    await turn();
    return { ...ending, files: await collect(fs) };
  },
};

async function collect(fs: InMemoryFs): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const path of fs.getAllPaths()) {
    if (!path.startsWith(`${ROOT}/`)) continue;
    const stat = await fs.lstat(path);
    if (stat.isFile) found.set(path.slice(ROOT.length + 1), await fs.readFileBuffer(path));
  }
  return found;
}

export default serve(guest);
