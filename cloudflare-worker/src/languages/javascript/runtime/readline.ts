/** node:readline and readline/promises over the program's standard input or any stream of text; the runtime has none of its own. */
import { type Builtin, native } from "./native.js";
import type { Stdin } from "./stdin.js";

type Emitter = { on(event: string, listener: (...args: never[]) => void): unknown };
type Output = { write(text: string): unknown };

/** Lines of any stream, one at a time; null at its end. */
function lineSource(stream: Emitter): () => Promise<string | null> {
  const lines: string[] = [];
  const waiting: ((line: string | null) => void)[] = [];
  let rest = "";
  let ended = false;
  const give = (line: string) => {
    const next = waiting.shift();
    if (next) next(line);
    else lines.push(line);
  };
  stream.on("data", ((chunk: { toString(): string }) => {
    const parts = (rest + chunk.toString()).split(/\r?\n/);
    rest = parts.pop() ?? "";
    for (const part of parts) give(part);
  }) as never);
  stream.on("end", () => {
    if (rest !== "") give(rest);
    ended = true;
    for (const next of waiting.splice(0)) next(null);
  });
  return () => new Promise((resolve) => {
    const line = lines.shift();
    if (line !== undefined) resolve(line);
    else if (ended) resolve(null);
    else waiting.push(resolve);
  });
}

export function createReadline(stdin: Stdin): { callbacks: Builtin; promises: Builtin } {
  const { EventEmitter } = native.getBuiltinModule("node:events") as Builtin;
  const closedError = () => Object.assign(new Error("readline was closed"), { code: "ERR_USE_AFTER_CLOSE" });

  class Interface extends EventEmitter {
    #closed = false;
    #reading = false;
    #asked: ((line: string) => void)[] = [];
    #prompt = "> ";
    readonly #next: (prompt: string) => Promise<string | null>;
    readonly #output: Output | undefined;
    readonly #own: boolean;
    #shown = "";
    terminal = false;
    line = "";
    cursor = 0;

    constructor(first: Builtin, output?: Output) {
      super();
      const options = first !== null && typeof first === "object" && "input" in first ? first : { input: first, output };
      const { input } = options;
      this.#output = options.output;
      this.#own = input === stdin.stream();
      this.#next = this.#own ? (prompt) => stdin.line(prompt, () => this.#closed) : ((read) => () => read())(lineSource(input));
      if (typeof options.prompt === "string") this.#prompt = options.prompt;
      // Like Node, an interface reads from the start; a question that is asked at once comes first.
      queueMicrotask(() => { if (super.listenerCount("line") > 0 || super.listenerCount("close") > 0) this.#read(); });
    }
    on(event: string, listener: (...args: unknown[]) => void): this {
      super.on(event, listener);
      if (event === "line") queueMicrotask(() => this.#read());
      return this;
    }
    addListener(event: string, listener: (...args: unknown[]) => void): this {
      return this.on(event, listener);
    }
    #show(text: string): void {
      this.#shown = text;
      if (!this.#own || !stdin.interactive) this.#output?.write(text);
    }
    #read(): void {
      if (this.#reading || this.#closed) return;
      this.#reading = true;
      const prompt = this.#shown;
      this.#shown = "";
      void this.#next(prompt).then((line) => {
        this.#reading = false;
        if (this.#closed) return;
        if (line === null) { this.close(); return; }
        const asked = this.#asked.shift();
        if (asked) asked(line);
        else this.emit("line", line);
        if (!this.#closed && (this.#asked.length > 0 || super.listenerCount("line") > 0)) this.#read();
      });
    }
    question(query: unknown, options: unknown, callback?: unknown): void {
      const answer = (callback ?? options) as (line: string) => void;
      if (this.#closed) throw closedError();
      this.#show(`${query}`);
      this.#asked.push((line) => answer(line));
      this.#read();
    }
    setPrompt(prompt: string): void { this.#prompt = `${prompt}`; }
    getPrompt(): string { return this.#prompt; }
    prompt(): void {
      if (this.#closed) throw closedError();
      this.#show(this.#prompt);
      this.#read();
    }
    write(): void {}
    pause(): this { return this; }
    resume(): this { this.#read(); return this; }
    close(): void {
      if (this.#closed) return;
      this.#closed = true;
      this.emit("close");
    }
    get closed(): boolean { return this.#closed; }
    [Symbol.dispose](): void { this.close(); }
    async *[Symbol.asyncIterator](): AsyncGenerator<string> {
      while (!this.#closed) {
        const line = await this.#next(this.#shown);
        if (line === null) break;
        yield line;
      }
      this.close();
    }
  }

  class PromisesInterface extends Interface {
    override question(query: unknown): Promise<string> {
      return new Promise((resolve, reject) => {
        const closed = () => reject(Object.assign(new Error("The input ended before an answer came"), { name: "AbortError", code: "ABORT_ERR" }));
        this.once("close", closed);
        super.question(query, (line: string) => { this.removeListener("close", closed); resolve(line); });
      });
    }
  }

  const screen = { clearLine: () => true, clearScreenDown: () => true, cursorTo: () => true, moveCursor: () => true, emitKeypressEvents: () => undefined };
  const promises = { Interface: PromisesInterface, createInterface: (first: Builtin, output?: Output) => new PromisesInterface(first, output), Readline: class {} };
  const callbacks = { Interface, createInterface: (first: Builtin, output?: Output) => new Interface(first, output), ...screen, promises };
  return { callbacks, promises };
}
