/** The shell that child_process runs in, set up in this isolate: its loop over the runtime's turns, its files those of node:fs. */
import type { ShellEnding, ShellOptions } from "../../../isolate/shell/engine.js";
import type { FileSystem } from "../../../isolate/shell/files.js";
import { Loop, LoopPromise } from "../../../isolate/shell/loop.js";
import { clearTimeout, setImmediate, setTimeout } from "../../../isolate/primordials.js";
import { type Builtin, native } from "./native.js";
import { NodeFiles } from "./nodefiles.js";

type Run = (fs: FileSystem, command: string | readonly string[], options: ShellOptions) => LoopPromise<ShellEnding>;
/** The engine's module (scripts/shell-engine.mjs): a function of its surroundings. */
export type Engine = (given: Record<string, unknown>) => { runShell: Run };

const HASHES: Readonly<Record<string, string>> = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };

export class Shell {
  readonly #loop: Loop;
  readonly #run: Run;
  readonly #files: FileSystem;

  constructor(engine: Engine) {
    const { now } = Date;
    this.#loop = new Loop({ soon: (job) => setImmediate(job), later: (job, ms) => setTimeout(job, ms), cancel: (timer) => clearTimeout(timer as number), now });
    const { createHash } = native.getBuiltinModule("node:crypto") as Builtin;
    // The interpreter's digests must be there at once, for a caller that waits.
    const digest = (name: string, data: ArrayBuffer) => LoopPromise.resolve(new Uint8Array(createHash(HASHES[name]).update(new Uint8Array(data)).digest()).buffer);
    const given = { Promise: LoopPromise, ...this.#loop.timers, clearInterval: this.#loop.timers.clearTimeout, zlib: native.getBuiltinModule("node:zlib") };
    this.#run = engine({ ...given, crypto: { subtle: { digest }, getRandomValues: crypto.getRandomValues.bind(crypto), randomUUID: crypto.randomUUID.bind(crypto) } }).runShell;
    this.#files = new NodeFiles(native.getBuiltinModule("node:fs") as Builtin);
  }

  /** The caller waits; whatever else is under way in the shell goes on meanwhile, nothing else does. */
  wait(command: string | readonly string[], options: ShellOptions): ShellEnding {
    return this.#loop.wait(this.#run(this.#files, command, options));
  }

  start(command: string | readonly string[], options: ShellOptions): PromiseLike<ShellEnding> {
    return this.#run(this.#files, command, options);
  }

  /** Calls back in the shell's time, which also passes while somebody waits for it. */
  after(ms: number, callback: () => void): () => void {
    const timer = this.#loop.timers.setTimeout(callback, ms);
    return () => this.#loop.timers.clearTimeout(timer);
  }
}
