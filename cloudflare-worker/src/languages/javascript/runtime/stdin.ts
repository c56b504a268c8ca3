/** Standard input as programs know it: prompt(), lines for readline, and a lazily made Readable for process.stdin. */
import type { Input } from "../../../isolate/input.js";
import type { Outbox } from "../../../isolate/outbox.js";
import type { Lifecycle } from "./lifecycle.js";
import { type Builtin, native } from "./native.js";

export class Stdin {
  readonly #input: Input;
  readonly #outbox: Outbox;
  readonly #life: Lifecycle;
  #stream: Builtin | null = null;

  constructor(input: Input, outbox: Outbox, life: Lifecycle) {
    this.#input = input;
    this.#outbox = outbox;
    this.#life = life;
  }

  get interactive(): boolean {
    return this.#input.interactive;
  }

  /**
   * Asks and waits for a line; null at the end of the input. Who sits there sees the prompt in the `input` frame;
   * prefilled input has nobody sitting there, so the prompt goes to stdout, as it does in a pipe.
   */
  ask(prompt: string): Promise<string | null> {
    if (!this.interactive) this.#outbox.output("stdout", prompt);
    return this.line(prompt);
  }

  /** The next line. The `input` frame is sent only when the program really waits. */
  line(prompt: string, cancelled: () => boolean = () => false): Promise<string | null> {
    return new Promise((resolve) => {
      const line = this.#input.takeLine();
      if (line !== undefined) { resolve(line); return; }
      this.#outbox.input(prompt);
      this.#life.hold();
      const look = () => {
        const next = cancelled() ? null : this.#input.takeLine();
        if (next === undefined) { this.#input.wait(look); return; }
        this.#life.release();
        resolve(next);
      };
      this.#input.wait(look);
    });
  }

  /** All of a prefilled input; null when it comes interactively and cannot be had at once. */
  all(): string | null {
    return this.interactive ? null : (this.#input.take() ?? "");
  }

  /** process.stdin: a Readable of the runtime's own, so that every way of reading works. */
  stream(): Builtin {
    if (this.#stream !== null) return this.#stream;
    const { Readable } = native.getBuiltinModule("node:stream") as Builtin;
    const input = this.#input;
    const outbox = this.#outbox;
    const life = this.#life;
    this.#stream = new Readable({
      read(this: Builtin) {
        const text = input.take();
        if (text !== undefined) { this.push(text); return; }
        outbox.input("");
        life.hold();
        const look = () => {
          const more = input.take();
          if (more === undefined) { input.wait(look); return; }
          this.push(more);
          life.release();
        };
        input.wait(look);
      },
    }) as Builtin;
    Object.assign(this.#stream, { fd: 0, isTTY: undefined, ref: () => this.#stream, unref: () => this.#stream });
    return this.#stream;
  }
}
