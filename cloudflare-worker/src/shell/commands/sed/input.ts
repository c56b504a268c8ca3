/** What sed reads: lines of files, and whether one is the last. */
import { faultOf } from "../../files.js";
import { type Io, LineSource } from "../../machine.js";
import type { Stream } from "../../streams.js";

/** Lines of one file after another, with a look ahead for `$`. */
export class Input {
  readonly #io: Io;
  readonly #names: string[];
  #source: LineSource | null = null;
  #stream: Stream | null = null;
  #ahead: string | null | undefined;
  #aheadEnded = true;
  number = 0;
  name = "-";
  lastEnded = true;
  readonly #end: string;
  constructor(io: Io, names: string[], end: string) {
    this.#io = io;
    this.#names = [...names];
    this.#end = end;
  }
  async #fetch(): Promise<string | null> {
    for (;;) {
      if (this.#source === null) {
        const name = this.#names.shift();
        if (name === undefined) return null;
        try {
          this.#stream = this.#io.open(name);
          this.#source = new LineSource(this.#stream, this.#end);
          this.name = name;
        } catch (error) {
          await this.#io.err(`sed: can't read ${name}: ${faultOf(error)}\n`);
          this.#io.status = 2;
          continue;
        }
      }
      const line = this.#source.take();
      if (line === undefined) {
        await this.#io.flush();
        try {
          await this.#source.fill(this.#io.process);
        } catch (error) {
          await this.#io.err(`sed: couldn't read ${this.name}: ${faultOf(error)}\n`);
          this.#source = null;
        }
        continue;
      }
      if (line === null) {
        this.#stream!.release();
        this.#source = null;
        continue;
      }
      this.#aheadEnded = this.#source.ended;
      return line;
    }
  }
  async isLast(): Promise<boolean> {
    if (this.#ahead === undefined) {
      const ended = this.#aheadEnded;
      this.#ahead = await this.#fetch();
      if (this.#ahead === null) this.#aheadEnded = ended;
    }
    return this.#ahead === null;
  }
  async next(): Promise<string | null> {
    const line = this.#ahead === undefined ? await this.#fetch() : this.#ahead;
    this.#ahead = undefined;
    if (line !== null) {
      this.number += 1;
      this.lastEnded = this.#aheadEnded;
    }
    return line;
  }
  /** Gives back what was not used. */
  close(): void {
    if (this.#source !== null) {
      this.#source.rest();
      this.#stream!.release();
    }
  }
}
