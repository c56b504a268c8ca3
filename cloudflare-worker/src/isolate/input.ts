/** A program's standard input: what was given at the start, then what the host sends while it runs. It knows no stream class of any language. */
import type { LineReader } from "../lines.js";
import { STDIN_LINE_BYTES_MAX } from "../limits.js";
import { parseStdin } from "../wire.js";
import { indexOf, slice } from "./primordials.js";

export class Input {
  #buffer: string;
  #ended: boolean;
  #waiting: (() => void)[] = [];
  readonly interactive: boolean;

  constructor(given: string | null, interactive: boolean) {
    this.#buffer = given ?? "";
    this.interactive = interactive;
    this.#ended = !interactive;
  }

  /** Reads the host's lines until there are no more. */
  async follow(lines: LineReader): Promise<void> {
    try {
      for (;;) {
        const line = await lines.next(STDIN_LINE_BYTES_MAX);
        const said = line === null ? { data: "", eof: true } : parseStdin(line);
        if (said === null) continue;
        this.#buffer += said.data;
        if (said.eof) this.#ended = true;
        this.#wake();
        if (said.eof) return;
      }
    } catch {
      this.#ended = true;
      this.#wake();
    }
  }

  /** All that is there; null at the end; undefined when more may come. */
  take(): string | null | undefined {
    const text = this.#buffer;
    this.#buffer = "";
    if (text !== "") return text;
    return this.#ended ? null : undefined;
  }

  /** One line without its newline; null at the end; undefined when more may come. */
  takeLine(): string | null | undefined {
    const newline = indexOf(this.#buffer, "\n");
    if (newline < 0) return this.#ended ? this.take() : undefined;
    const line = slice(this.#buffer, 0, newline);
    this.#buffer = slice(this.#buffer, newline + 1);
    return line.endsWith("\r") ? slice(line, 0, -1) : line;
  }

  /** Puts back what a reader took and did not use. */
  unread(text: string): void {
    this.#buffer = text + this.#buffer;
  }

  /** Calls back once, when something new is there. */
  wait(callback: () => void): void {
    this.#waiting.push(callback);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }
}
