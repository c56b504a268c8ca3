/** Starts the built Worker in a real workerd and speaks its wire. Holds no expectations of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest, type ClientRequest } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
export const SECRET = "a secret of the tests";
/** Runs a command that does not outlive us, however we end: a pipe from us closes then, and whoever reads from it kills the command. */
const TIED = 'exec 4<&0 </dev/null; { read -r _ <&4; kill -9 $$; } >/dev/null 2>&1 3>&- & exec "$0" "$@" 4<&-';

export interface Frame {
  n: number;
  type: "output" | "display" | "input" | "truncated" | "finished";
  stream?: string;
  level?: string;
  text?: string;
  prompt?: string;
  bytes?: number;
  exitCode?: number;
  result?: unknown;
  error?: { type: string; message: string; stack: string; line?: number; file?: string };
  artifacts?: { name: string; change: string; size: number; digest: string; base64?: string }[];
}
export interface Outcome {
  frames: Frame[];
  stdout: string;
  stderr: string;
  finished: Frame;
  result: unknown;
  error: Frame["error"];
  exitCode: number | undefined;
}
export type Order = Record<string, unknown>;

const TIERS = { path: "basic", util: "basic", crypto: "basic", fs: "standard", http: "standard", https: "standard", zlib: "standard", stream: "premium", child_process: "premium", os: "enterprise", net: "enterprise", dns: "enterprise" };

/** A request line with everything it needs; `files` may be a record of contents. */
export function order(given: Order | string): Order {
  const { files, ...rest } = typeof given === "string" ? { files: { "main.js": given } } : given;
  const entry = rest.entry ?? Object.keys(files as object)[0];
  return {
    executionId: "x1", language: /\.py$/.test(entry as string) ? "python" : /\.rb$/.test(entry as string) ? "ruby" : /\.[mc]?ts$/.test(entry as string) ? "typescript" : "javascript", entry, argv: [], stdin: null, interactive: false, context: {}, timeoutMs: 5000,
    memoryLimitBytes: 52428800, egress: { deny: [] }, allowedModules: ["path", "util", "crypto"], tier: "basic", tierOfModule: TIERS, outputBytesMax: 1048576, artifactBytesMax: 1048576,
    ...rest,
    files: Array.isArray(files) ? files : Object.entries(files as Record<string, string>).map(([name, content]) => ({ name, content })),
  };
}

export const FILES = ["path", "util", "crypto", "fs", "http", "https", "zlib"];
export const standard = (files: Record<string, string> | string, rest: Order = {}): Order =>
  ({ files: typeof files === "string" ? { "main.js": files } : files, allowedModules: FILES, tier: "standard", ...rest });

export class Live {
  readonly #request: ClientRequest;
  readonly #queue: Frame[] = [];
  #wake: (() => void) | null = null;
  #over = false;
  status = 0;

  constructor(port: number, first: Order) {
    this.#request = httpRequest({ port, host: "127.0.0.1", path: "/execute", method: "POST", headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/x-ndjson" } });
    this.#request.on("response", (response) => {
      this.status = response.statusCode ?? 0;
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.#queue.push(JSON.parse(line) as Frame);
        this.#wake?.();
      });
      response.on("end", () => { this.#over = true; this.#wake?.(); });
      response.on("error", () => { this.#over = true; this.#wake?.(); });
    });
    this.#request.on("error", () => { this.#over = true; this.#wake?.(); });
    this.#request.write(`${JSON.stringify(order(first))}\n`);
  }

  say(line: Order): void {
    this.#request.write(`${JSON.stringify(line)}\n`);
  }

  end(): void {
    this.#request.end();
  }

  destroy(): void {
    this.#request.destroy();
  }

  async next(): Promise<Frame | null> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame !== undefined) return frame;
      if (this.#over) return null;
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }

  async until(type: Frame["type"]): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (frame === null) throw new Error(`the stream ended before a ${type} frame`);
      if (frame.type === type) return frame;
    }
  }
}

export class Workerd {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly port: number;
  /** What the process itself wrote: the synchronous frames when `echo` is on. */
  printed = "";
  #printing: (() => void) | null = null;

  private constructor(process: ChildProcess, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
    process.stdout?.setEncoding("utf8").on("data", (chunk: string) => { this.printed += chunk; this.#printing?.(); });
  }

  static async start({ echo = false, secret = SECRET, variant, pythonService = false, reach = [], believed = reach, certificates = [] }: { echo?: boolean; secret?: string; variant?: string; pythonService?: boolean; reach?: string[]; believed?: string[]; certificates?: string[] } = {}): Promise<Workerd> {
    const dist = join(root, "dist");
    const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8")) as { compatibilityDate: string; compatibilityFlags: string[]; deniedNetworks: string[]; main: string; modules: { name: string; type: string; path: string }[]; variants?: Record<string, { name: string; type: string; path: string }[]> };
    const modules = [{ name: manifest.main, type: "esModule", path: manifest.main }, ...manifest.modules, ...(variant === undefined ? [] : (manifest.variants?.[variant] ?? []))]
      .map(({ name, type, path }) => `(name = ${JSON.stringify(name)}, ${type} = embed ${JSON.stringify(`dist/${path}`)})`);
    const bindings = ['(name = "LOADER", workerLoader = ())', `(name = "SECRET", text = ${JSON.stringify(secret)})`, ...(echo ? ['(name = "ECHO_FRAMES", text = "1")'] : []), ...(pythonService ? ['(name = "PYTHON", service = "python")'] : []), ...(believed.length > 0 ? [`(name = "EGRESS_NETWORKS", text = ${JSON.stringify(JSON.stringify(believed))})`] : [])];
    const services = pythonService ? ', (name = "python", worker = .pythonWorker), (name = "assets", disk = (path = "dist/python"))' : "";
    const pythonWorker = pythonService ? `const pythonWorker :Workerd.Worker = (
  modules = [(name = "service.js", esModule = embed "dist/python-service.js")],
  compatibilityDate = "${manifest.compatibilityDate}", bindings = [(name = "LOADER", workerLoader = ()), (name = "ASSETS", service = "assets")]
);` : "";
    const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .mainWorker), (name = "internet", network = (allow = ${JSON.stringify(["public", ...reach])}, deny = ${JSON.stringify(manifest.deniedNetworks)}, tlsOptions = (trustedCertificates = ${JSON.stringify(certificates)})))${services}],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const mainWorker :Workerd.Worker = (
  modules = [${modules.join(",\n    ")}],
  compatibilityDate = "${manifest.compatibilityDate}", compatibilityFlags = ${JSON.stringify(manifest.compatibilityFlags)},
  bindings = [${bindings.join(", ")}]
);
${pythonWorker}
`;
    return Workerd.#launch(config, { dist });
  }

  /** Several Workers in one process: `main` has the port, each is a service by its name; python's assets are served from dist. */
  static async serve(workers: Record<string, string>, links: Record<string, string>): Promise<Workerd> {
    const { compatibilityDate } = JSON.parse(readFileSync(join(root, "dist/manifest.json"), "utf8")) as { compatibilityDate: string };
    const services = Object.keys(workers).map((name) => `(name = "${name}", worker = .${name}Worker)`);
    const definitions = Object.entries(workers).map(([name, inside]) => `const ${name}Worker :Workerd.Worker = (compatibilityDate = "${compatibilityDate}", ${inside});`);
    return Workerd.#launch(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}, (name = "internet", network = (allow = ["public"])), (name = "assets", disk = (path = "dist/python"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
${definitions.join("\n")}
`, links);
  }

  static async #launch(config: string, links: Record<string, string>): Promise<Workerd> {
    const folder = mkdtempSync(join(tmpdir(), "workerd-test-"));
    // An absolute path in capnp means the import path, so what is embedded is reached through links.
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder, name));
    writeFileSync(join(folder, "config.capnp"), config);
    const binary = join(dirname(require.resolve("@cloudflare/workerd-linux-64/package.json")), "bin/workerd");
    const child = spawn("sh", ["-c", TIED, binary, "serve", "config.capnp", "--experimental", "--control-fd=3"], { cwd: folder, stdio: ["pipe", "pipe", "pipe", "pipe"] });
    let errors = "";
    child.stderr?.on("data", (chunk) => { errors += chunk; });
    const port = await new Promise<number>((resolve, reject) => {
      let told = "";
      child.stdio[3]?.on("data", (chunk) => {
        told += chunk;
        const match = /"socket":"http","port":(\d+)/.exec(told);
        if (match !== null) resolve(Number(match[1]));
      });
      child.on("exit", () => reject(new Error(`workerd ended: ${errors}`)));
    });
    return new Workerd(child, folder, port);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, headers: { authorization: `Bearer ${SECRET}`, ...init.headers } });
  }

  send(body: string): Promise<Response> {
    return this.fetch("/execute", { method: "POST", body });
  }

  live(first: Order): Live {
    return new Live(this.port, first);
  }

  async run(given: Order | string): Promise<Outcome> {
    const response = await this.send(`${JSON.stringify(order(given))}\n`);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`refused with ${response.status}: ${body}`);
    const frames = body.trimEnd().split("\n").map((line) => JSON.parse(line) as Frame);
    frames.forEach((frame, at) => { if (frame.n !== at + 1) throw new Error(`frame ${at + 1} has the number ${frame.n}`); });
    const text = (stream: string) => frames.filter((frame) => frame.type === "output" && frame.stream === stream).map((frame) => frame.text).join("");
    const finished = frames.at(-1) as Frame;
    if (finished.type !== "finished") throw new Error("the last frame is not `finished`");
    return { frames, stdout: text("stdout"), stderr: text("stderr"), finished, result: finished.result, error: finished.error, exitCode: finished.exitCode };
  }

  /** Waits until the process's own output contains a text. */
  async prints(wanted: string): Promise<string> {
    while (!this.printed.includes(wanted)) await new Promise<void>((resolve) => { this.#printing = resolve; });
    return this.printed;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill("SIGKILL");
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
