/** What an awk program reads and writes: the files of its arguments, those that it names, and the commands at the other end of a pipe. */
import { encode } from "../../bytes.js";
import { faultOf } from "../../files.js";
import { type Io, LineSource } from "../../machine.js";
import type { Stream } from "../../streams.js";
import { pipe } from "../../pipes.js";
import { settle } from "../../words.js";
import type { Store } from "./store.js";
import { unescaped } from "./tokens.js";
import { type Cells, Given, number, type Value, type Work } from "./values.js";

export class Files {
  readonly #io: Io;
  readonly #store: Store;
  readonly #outs = new Map<string, { stream: Stream; done: Promise<number> | null }>();
  readonly #ins = new Map<string, { source: LineSource; stream: Stream; done: Promise<number> | null }>();
  #current: { source: LineSource; stream: Stream } | null = null;
  #fault: unknown = null;

  constructor(io: Io, store: Store) {
    this.#io = io;
    this.#store = store;
  }

  /** To the standard output. */
  out(text: string): void {
    if (this.#fault !== null) throw this.#fault;
    if (this.#io.out(text)) this.#io.flush().catch((error: unknown) => { this.#fault = error; });
  }
  /** To a file or a command, which stays open. */
  *print(op: ">" | ">>" | "|", target: string, text: string): Work<void> {
    let out = this.#outs.get(target);
    if (out === undefined) {
      if (op === "|") {
        yield this.#io.flush();
        const { reader, writer } = pipe();
        const fds = this.#io.fds.fork();
        fds.set(0, reader);
        out = { stream: writer, done: this.#io.launcher.run(["sh", "-c", target], { fds }) };
      } else if (target === "/dev/stdout" || target === "-") return this.out(text);
      else out = { stream: this.#io.machine.open(this.#io.path(target), op === ">" ? "write" : "append", this.#io.fds), done: null };
      this.#outs.set(target, out);
    }
    if (target === "/dev/stderr") yield this.#io.flush();
    yield Promise.resolve(out.stream.write(this.#io.process, encode(text)));
  }
  *system(command: string): Work<Value> {
    yield this.#io.flush();
    return (yield this.#io.launcher.run(["sh", "-c", command])) as number;
  }
  /** A command's exit code, 0 for a file, -1 when nothing of that name is open. */
  *close(name: string): Work<Value> {
    const out = this.#outs.get(name);
    const input = this.#ins.get(name);
    this.#outs.delete(name);
    this.#ins.delete(name);
    if (out !== undefined) {
      yield this.#io.flush();
      out.stream.release();
      return out.done === null ? 0 : ((yield out.done) as number);
    }
    if (input === undefined) return -1;
    input.stream.release();
    return input.done === null ? 0 : ((yield input.done) as number);
  }
  #source(stream: Stream): LineSource {
    const separator = this.#store.setting("RS");
    return new LineSource(stream, separator.length === 1 ? separator : "\n");
  }
  /** The next record of a source; RS may be a newline, a character, nothing (paragraphs) or an expression. */
  async #take(source: LineSource): Promise<string | null> {
    const separator = this.#store.setting("RS");
    const line = async (): Promise<string | null> => {
      for (;;) {
        const now = source.take();
        if (now !== undefined) return now;
        await this.#io.flush();
        await source.fill(this.#io.process);
      }
    };
    if (separator.length === 1) return line();
    const lines: string[] = [];
    if (separator === "") {
      for (;;) {
        const now = await line();
        if (now === null) return lines.length === 0 ? null : lines.join("\n");
        if (now !== "") lines.push(now);
        else if (lines.length > 0) return lines.join("\n");
      }
    }
    const kept = this.#pending.get(source) ?? { text: "", over: false };
    this.#pending.set(source, kept);
    const regex = this.#store.regex(separator);
    for (;;) {
      regex.lastIndex = 0;
      const found = regex.exec(kept.text);
      if (found !== null && found[0] !== "" && (kept.over || found.index + found[0].length < kept.text.length)) {
        const record = kept.text.slice(0, found.index);
        kept.text = kept.text.slice(found.index + found[0].length);
        return record;
      }
      if (kept.over) {
        if (kept.text === "") return null;
        const record = kept.text.replace(/\n$/, "");
        kept.text = "";
        return record;
      }
      const now = await line();
      if (now === null) kept.over = true;
      else kept.text += now + (source.ended ? "\n" : "");
    }
  }
  readonly #pending = new Map<LineSource, { text: string; over: boolean }>();

  /** The next record of the files that were named. */
  async next(): Promise<string | null> {
    for (;;) {
      if (this.#current === null) {
        const name = await this.#file();
        if (name === null) return null;
        try {
          const stream = this.#io.open(name);
          this.#current = { stream, source: this.#source(stream) };
          this.#store.globals.set("FILENAME", name === "-" ? "" : name);
          this.#store.globals.set("FNR", 0);
        } catch (error) {
          await this.#io.err(`awk: cannot open ${name} (${faultOf(error)})\n`);
          this.#io.status = 2;
          continue;
        }
      }
      const record = await this.#take(this.#current.source);
      if (record !== null) return record;
      this.#current.stream.release();
      this.#current = null;
    }
  }
  #argument = 1;
  #opened = false;
  async #file(): Promise<string | null> {
    const args = this.#store.globals.get("ARGV") as Cells;
    const count = number(this.#store.globals.get("ARGC") as Value);
    for (; this.#argument < count; ) {
      const name = this.#store.text(args.get(String(this.#argument)));
      this.#argument += 1;
      if (name === "") continue;
      const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(name);
      if (assignment !== null) {
        this.#store.set(assignment[1]!, new Given(unescaped(assignment[2]!)));
        continue;
      }
      this.#opened = true;
      return name;
    }
    if (this.#opened) return null;
    this.#opened = true;
    return "-";
  }

  /** The next record of a file or of a command's output; null at the end, -1 when it cannot be read. */
  *line(from: "file" | "command", name: string): Work<string | null | -1> {
    let input = this.#ins.get(name);
    if (input === undefined) {
      if (from === "command") {
        yield this.#io.flush();
        const { reader, writer } = pipe();
        const fds = this.#io.fds.fork();
        fds.set(1, writer);
        input = { stream: reader, source: this.#source(reader), done: this.#io.launcher.run(["sh", "-c", name], { fds }) };
      } else {
        try {
          const stream = this.#io.open(name);
          input = { stream, source: this.#source(stream), done: null };
        } catch {
          return -1;
        }
      }
      this.#ins.set(name, input);
    }
    return (yield this.#take(input.source)) as string | null;
  }

  /** The rest of the file that is read now is left out. */
  skip(): void {
    this.#current?.stream.release();
    this.#current = null;
  }

  /** Everything that is open. */
  async end(): Promise<void> {
    this.#current?.source.rest();
    this.skip();
    await this.#io.flush();
    for (const name of [...this.#outs.keys(), ...this.#ins.keys()]) await settle(this.close(name));
    if (this.#fault !== null) throw this.#fault;
  }
}
