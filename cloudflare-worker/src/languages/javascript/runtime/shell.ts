/** The shell that child_process runs in, set up in this isolate: its loop over the runtime's turns, its files those of node:fs. */
import type { ShellEnding, ShellOptions } from "../../../isolate/shell/engine.js";
import { Loop, LoopPromise } from "../../../isolate/shell/loop.js";
import { clearTimeout, setImmediate, setTimeout } from "../../../isolate/primordials.js";
import type { FileSystem } from "../../../shell/files.js";
import { type Builtin, native } from "./native.js";
import { NodeFiles } from "./nodefiles.js";

type Run = (fs: FileSystem, command: string | readonly string[], options: ShellOptions) => LoopPromise<ShellEnding>;
/** The engine's module (scripts/shell-engine.mjs): a function of its surroundings. */
export type Engine = (given: Record<string, unknown>) => { runShell: Run };

export class Shell {
  readonly #loop: Loop;
  readonly #run: Run;
  readonly #files: FileSystem;

  constructor(engine: Engine) {
    const { now } = Date;
    this.#loop = new Loop({ soon: (job) => setImmediate(job), later: (job, ms) => setTimeout(job, ms), cancel: (timer) => clearTimeout(timer as number), now });
    const given = { Promise: LoopPromise, ...this.#loop.timers, clearInterval: this.#loop.timers.clearTimeout, zlib: native.getBuiltinModule("node:zlib"), hashes: native.getBuiltinModule("node:crypto") };
    this.#run = engine({ ...given, crypto: { getRandomValues: crypto.getRandomValues.bind(crypto) } }).runShell;
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
