/** The processes that a shell makes of its own commands: subshells, substitutions, background jobs. What they run is the interpreter. */
import { decode } from "./bytes.js";
import { faultOf } from "./files.js";
import { pipe } from "./pipes.js";
import { Killed, type Process } from "./process.js";
import type { Shell } from "./shell.js";
import { Capture, type Descriptors, NullStream } from "./streams.js";
import type { AndOr, List } from "./syntax/ast.js";
import { settle } from "./words.js";

export abstract class Subshells {
  readonly shell: Shell;
  constructor(shell: Shell) {
    this.shell = shell;
  }

  /** Forks: the child runs the action and ends. It takes the descriptors over. */
  spawn(name: string, fds: Descriptors, action: (child: Shell) => Promise<number>, { later = false } = {}): { process: Process; done: Promise<number> } {
    const { machine } = this.shell;
    const process = machine.start(this.shell.process, name);
    const child = this.shell.fork(process, fds);
    const live = async (): Promise<number> => {
      let status = 1;
      try {
        if (later) await new Promise<void>((go) => { setTimeout(go, 0); });
        process.check();
        status = await child.interpreter.toTheEnd(() => action(child));
      } catch (error) {
        if (error instanceof Killed) status = 128 + error.signal;
        else throw error;
      } finally {
        child.fds.closeAll();
        machine.end(process, status);
      }
      return status;
    };
    return { process, done: live() };
  }

  waitFor<T>(done: Promise<T>): Promise<T> {
    return this.shell.process.block<{ value: T } | { error: unknown }>((tell) => {
      done.then((value) => tell({ value }), (error: unknown) => tell({ error }));
      return undefined;
    }).then((result) => {
      if ("error" in result) throw result.error;
      return result.value;
    });
  }
  protected aborted(): void {
    if (this.shell.machine.fault !== null) throw this.shell.machine.fault;
  }

  async subshell(body: List): Promise<void> {
    const { done } = this.spawn("subshell", this.shell.fds.fork(), async (child) => await child.interpreter.list(body));
    this.shell.status = await this.waitFor(done);
    this.aborted();
  }

  async substitute(body: List, _source: string): Promise<string> {
    const { shell } = this;
    const capture = new Capture(shell.machine.limits.textBytesMax);
    const fds = shell.fds.fork();
    fds.set(1, capture.hold());
    const { done } = this.spawn("substitution", fds, async (child) => {
      if (!shell.shopts.has("inherit_errexit") && !shell.options.has("posix")) child.options.delete("errexit");
      // `$(< file)` is the file.
      const [only] = body;
      const command = only?.first.commands[0];
      if (body.length === 1 && only!.rest.length === 0 && command?.type === "simple" && command.words.length === 0 && command.assignments.length === 0 && command.redirections.length === 1 && command.redirections[0]!.op === "<") {
        const path = await settle(child.expander.text(command.redirections[0]!.target));
        try {
          const stream = child.machine.open(child.path(path), "read", child.fds);
          for (let chunk = await stream.read(child.process); chunk !== null; chunk = await stream.read(child.process)) capture.write(child.process, chunk);
        } catch (error) {
          return await child.complain(`${path}: ${faultOf(error)}`);
        }
        return 0;
      }
      return await child.interpreter.list(body);
    });
    const status = await this.waitFor(done);
    this.aborted();
    if (capture.holders > 1) {
      // Something in the background still holds the other end.
      const closed = new Promise<void>((end) => { capture.closing = end; });
      capture.release();
      await this.waitFor(closed);
    }
    shell.status = status;
    this.substituted = status;
    const text = decode(capture.bytes);
    const end = /\n+$/.exec(text);
    const kept = end === null ? text : text.slice(0, end.index);
    return kept.includes("\0") ? kept.replaceAll("\0", "") : kept;
  }
  /** The exit code of the last substitution: a command without words has it. */
  substituted: number | null = null;

  processSubstitution(body: List, input: boolean): string {
    const { shell } = this;
    const { reader, writer } = pipe();
    const fds = shell.fds.fork();
    fds.set(input ? 1 : 0, input ? writer : reader);
    const { process, done } = this.spawn("process substitution", fds, async (child) => await child.interpreter.list(body));
    void done;
    shell.lastJob = process;
    let fd = 63;
    while (shell.fds.get(fd) !== undefined) fd -= 1;
    shell.fds.set(fd, input ? reader : writer);
    this.openSubstitutions.push({ fd, done: input ? null : done });
    return `/dev/fd/${fd}`;
  }
  openSubstitutions: { fd: number; done: Promise<number> | null }[] = [];
  /** After the command that used them. Output that goes through one is waited for, so that it is not late. */
  async closeSubstitutions(from: number): Promise<void> {
    const closing = this.openSubstitutions.splice(from);
    for (const { fd } of closing) this.shell.fds.close(fd);
    for (const { done } of closing) if (done !== null) await this.waitFor(done);
  }

  background(item: AndOr): void {
    const { shell } = this;
    const fds = shell.fds.fork();
    if (!shell.options.has("monitor")) fds.set(0, new NullStream());
    const { process, done } = this.spawn("job", fds, async (child) => {
      child.jobs = [];
      return await child.interpreter.list([{ ...item, background: false }]);
    }, { later: true });
    process.detached = true;
    const id = Math.max(0, ...shell.jobs.map((job) => job.id)) + 1;
    const job = { id, process, done, source: item.source, status: null as number | null, told: false };
    shell.jobs.push(job);
    void done.then((status) => { job.status = status; });
    shell.lastJob = process;
    shell.status = 0;
  }
}
