/** The Shell isolate's main module: runs one script over the session's files in memory. The shell itself is src/shell/. */
import { Gate } from "../../isolate/gate.js";
import { type Ending, type Guest, type Rest, serve, turn, type World } from "../../isolate/guest.js";
import { outside } from "../../isolate/network.js";
import { decode, encode } from "../../shell/bytes.js";
import { programs } from "../../shell/commands/index.js";
import { type FileSystem, makeFolders, MemoryFiles, place, readAll } from "../../shell/files.js";
import { runShell } from "../../shell/run.js";
import { STATE_FORMAT, type ShellState } from "../../shell/state.js";
import type { Json, Run } from "../../wire.js";
import { ABSENT, COUNTERPARTS } from "./modules.js";

const ROOT = "/session";
const EXIT_REFUSED = 126;
const EXIT_ABSENT = 127;
const EXIT_MEMORY = 137;
const SHOWN_CHARS_MAX = 200;
/** Of the run's memory: what one value may take, and what a script's files may. */
const VALUE_SHARE = 1 / 4;

const word = (value: Json): string => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The machine's folders: programs are listed where scripts look for them. */
function furnish(fs: FileSystem): void {
  for (const folder of ["/usr/bin", "/tmp", "/dev", "/etc", "/home", "/var", ROOT]) makeFolders(fs, folder);
  fs.chmod("/tmp", 0o1777);
  fs.symlink("usr/bin", "/bin");
  for (const name of programs.keys()) fs.open(`/usr/bin/${name}`, { create: true, mode: 0o755 });
}

const guest: Guest<null> = {
  build: () => STATE_FORMAT,

  async boot() {
    const fs = new MemoryFiles();
    furnish(fs);
    const script = 'f() { local x=$1; [[ $x == a* ]] && echo "${x%b}" | sed s/a/b/ | tr a-z A-Z; }; for i in 1 2; do f ab$((i)); done; a=(x y); echo ${#a[@]}; case $i in 2) printf "%s\\n" z | sort | awk "{ print \\$1 }" | grep z;; esac';
    await runShell(fs, script, { cwd: ROOT, env: { PATH: "/usr/bin:/bin" }, onStdout: () => undefined, onStderr: () => undefined });
    return null;
  },

  async run(_, run, world) {
    const fs = new MemoryFiles(run.memoryLimitBytes);
    furnish(fs);
    for (const [name, bytes] of world.files) place(fs, `${ROOT}/${name}`, bytes);
    let ending: Ending;
    try {
      ending = await execute(fs, run, world);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!/memory|allocation|Invalid (?:string|array) length|No space/i.test(message)) throw error;
      ending = { exitCode: EXIT_MEMORY, error: { type: "MemoryError", message, stack: `MemoryError: ${message}` } };
    }
    await turn();
    return { ...ending, files: collect(fs) };
  },
};

async function execute(fs: FileSystem, run: Run, world: World): Promise<Ending> {
  const gate = new Gate(COUNTERPARTS, run);
  let state: ShellState | null = null;
  const said = await runShell(fs, script(run, fs), {
    name: run.entry, args: run.argv, cwd: ROOT, terminal: world.interactive,
    env: { HOME: ROOT, PATH: "/usr/bin:/bin", USER: "user", LOGNAME: "user", LANG: "C.UTF-8", TZ: "UTC", SHELL: "/bin/bash", TERM: "dumb", ...run.env, ...Object.fromEntries(plain(run)) },
    stdin: async (prompt) => {
      const text = await world.read(prompt);
      return text === null ? null : encode(text);
    },
    onStdout: (bytes) => world.bytes("stdout", bytes),
    onStderr: (bytes) => world.bytes("stderr", bytes),
    limits: { textBytesMax: Math.floor(run.memoryLimitBytes * VALUE_SHARE) },
    refusal: (name) => {
      const why = gate.refusal(name);
      if (why !== null) return { message: why, status: EXIT_REFUSED };
      return ABSENT.includes(name) ? { message: "is not available here", status: EXIT_ABSENT } : null;
    },
    fetcher: outside(run),
    ...(world.resumed === null ? {} : { state: world.resumed.meta as ShellState }),
    // What the session lends to each run is no part of what the runs leave.
    onState: (left) => { state = { ...left, variables: left.variables.filter(({ name }) => !(name in run.env)) }; },
  });
  const { error } = said;
  const ending: Ending = { exitCode: said.exitCode };
  if (error !== undefined) ending.error = { ...error, stack: `${error.type}: ${error.message}`, ...(error.line === undefined ? {} : { file: run.entry }) };
  if (state !== null) ending.rest = (bytesMax) => rest(state!, bytesMax);
  return ending;
}

/** What the next run goes on with; null when it is too large. */
function rest(state: ShellState, bytesMax: number): Rest | null {
  if (JSON.stringify(state).length > bytesMax) return null;
  const variables = state.variables.map(({ name, value, list, map }) => ({ name, type: map !== undefined ? "associative array" : list !== undefined ? "array" : "text", repr: (value ?? JSON.stringify((list ?? map ?? []).map(([key, item]) => `${key}=${item}`))).slice(0, SHOWN_CHARS_MAX) }));
  return { meta: state, body: new Uint8Array(0), variables };
}

/** The run's context: texts go into the environment, lists become arrays before the script's first line. */
const plain = (run: Run): [string, string][] => Object.entries(run.context).filter(([name, value]) => /^[A-Za-z_]\w*$/.test(name) && !Array.isArray(value)).map(([name, value]) => [name, word(value)]);
function script(run: Run, fs: FileSystem): string {
  const lists = Object.entries(run.context).flatMap(([name, value]) => (/^[A-Za-z_]\w*$/.test(name) && Array.isArray(value) ? [`${name}=(${value.map((item) => `'${word(item).replaceAll("'", "'\\''")}'`).join(" ")}); `] : []));
  return lists.join("") + decode(readAll(fs, `${ROOT}/${run.entry}`));
}

/** A link's artifact is what it leads to. */
function pointsAtFile(fs: FileSystem, path: string): boolean {
  try {
    return fs.stat(path).kind === "file";
  } catch {
    return false;
  }
}
function collect(fs: FileSystem): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const walk = (folder: string): void => {
    for (const name of fs.readdir(folder)) {
      const path = `${folder}/${name}`;
      const { kind } = fs.lstat(path);
      if (kind === "directory") walk(path);
      else if (kind === "file" || pointsAtFile(fs, path)) found.set(path.slice(ROOT.length + 1), readAll(fs, path));
    }
  };
  try {
    walk(ROOT);
  } catch {
    // The script removed its own folder.
  }
  return found;
}

export default serve(guest);
