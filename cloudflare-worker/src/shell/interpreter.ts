/** Runs the tree of a script in a shell: lists, pipelines, functions, subshells, traps. Simple commands are simple.ts, all others compound.ts. */
import { ArithmeticFault } from "./arithmetic.js";
import { compound } from "./compound.js";
import { LimitFault, MemoryFault } from "./machine.js";
import { pipe } from "./pipes.js";
import { Killed, SIGNALS } from "./process.js";
import { applied, type Undo } from "./redirections.js";
import { ExitShell, LeaveLoop, ReturnFrom, type Shell, type ShellFunction } from "./shell.js";
import { simple } from "./simple.js";
import { Subshells } from "./subshells.js";
import type { AndOr, Command, Compound, List, Pipeline } from "./syntax/ast.js";
import { Parser } from "./syntax/parser.js";
import { SyntaxFault } from "./syntax/source.js";
import { VariableFault } from "./variables.js";
import { ExpansionFault } from "./words.js";

/** A command that was given up because of a fault: the script goes on with its next line. */
class Discarded extends ExitShell {}

const DEPTH_PER_TURN = 24;
const NAMES = new Map(Object.entries(SIGNALS).map(([name, number]) => [number, name]));
const TOLD_SIGNALS: Readonly<Record<number, string>> = { 1: "Hangup", 3: "Quit", 6: "Aborted", 9: "Killed", 11: "Segmentation fault", 15: "Terminated" };

/** A fault that ends one command and is said to the user. */
export const isFault = (error: unknown): error is Error => error instanceof ExpansionFault || error instanceof VariableFault || error instanceof ArithmeticFault || error instanceof SyntaxFault;

export class Interpreter extends Subshells {
  for(shell: Shell): Interpreter {
    return new Interpreter(shell);
  }

  // --- whole texts ---

  /** Parses and runs line by line, so that what stands before a syntax error has been done. */
  async source(text: string, firstLine = 1, main = false): Promise<number> {
    const { shell } = this;
    const parser = new Parser(text, shell, firstLine);
    for (;;) {
      let list: List | null;
      try {
        list = parser.next();
      } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
        return await this.syntax(error);
      }
      for (const warning of parser.warnings.splice(0)) {
        shell.line = warning.line;
        await shell.error(warning.text);
      }
      if (list === null) return shell.status;
      if (shell.options.has("noexec")) continue;
      try {
        await this.list(list);
      } catch (error) {
        if (!main || !(error instanceof Discarded) || shell.options.has("errexit")) throw error;
        shell.status = error.status;
      }
    }
  }
  async syntax(error: SyntaxFault): Promise<number> {
    const { shell } = this;
    shell.line = error.line;
    await shell.error(error.message);
    if (error.shown !== null) await shell.error(`\`${error.shown}'`);
    this.fault = error;
    shell.status = error.message.endsWith("bad substitution") ? 1 : 2;
    return shell.status;
  }
  /** The last syntax error, for whoever wants to know more than its message. */
  fault: SyntaxFault | null = null;

  /** Runs a whole shell to its end: its exit code, with everything that unwinds it taken care of. */
  async toTheEnd(action: () => Promise<number>): Promise<number> {
    const { shell } = this;
    let status = await this.#caught(action);
    // A signal that ends the shell lets its EXIT trap run, but for those that leave no time.
    const { killed } = shell.process;
    if (killed !== null && killed !== 9 && killed !== 13 && shell.machine.fault === null) shell.process.killed = null;
    if (shell.process.killed === null && shell.traps.has("EXIT") && shell.traps.get("EXIT") !== "") {
      const trap = shell.traps.get("EXIT")!;
      shell.traps.delete("EXIT");
      shell.status = status;
      status = await this.#caught(async () => {
        const kept = shell.status;
        await this.source(trap, shell.line);
        return kept;
      });
    }
    if (killed !== null) shell.process.killed = killed;
    return status & 0xff;
  }
  async #caught(action: () => Promise<number>): Promise<number> {
    const { shell } = this;
    try {
      return await action();
    } catch (error) {
      if (error instanceof ExitShell) return error.status;
      if (error instanceof LeaveLoop) return 0;
      if (error instanceof Killed) return 128 + error.signal;
      if (error instanceof LimitFault) {
        shell.machine.halt(error);
        return 1;
      }
      if (isFault(error)) {
        await shell.error(error.message);
        return error instanceof ExpansionFault ? error.status : 1;
      }
      if (error instanceof RangeError) {
        const fault = /call stack/i.test(error.message) ? new LimitFault("too much recursion") : new MemoryFault(`the run's memory is used up: ${error.message}`);
        shell.machine.halt(fault);
        return 1;
      }
      throw error;
    }
  }

  // --- lists ---

  async list(list: List): Promise<number> {
    const { shell } = this;
    for (const item of list) {
      if (item.background) this.background(item);
      else await this.#andOr(item);
      if (shell.process.pending.length > 0) await this.#signals();
    }
    return shell.status;
  }

  async #andOr(item: AndOr): Promise<void> {
    const { shell } = this;
    if (item.rest.length === 0) {
      await this.#pipeline(item.first, true);
      return;
    }
    shell.tested += 1;
    try {
      await this.#pipeline(item.first, false);
    } finally {
      shell.tested -= 1;
    }
    for (let at = 0; at < item.rest.length; at += 1) {
      const { op, pipeline } = item.rest[at]!;
      if ((op === "&&") !== (shell.status === 0)) continue;
      if (at === item.rest.length - 1) {
        await this.#pipeline(pipeline, true);
        return;
      }
      shell.tested += 1;
      try {
        await this.#pipeline(pipeline, false);
      } finally {
        shell.tested -= 1;
      }
    }
  }

  async #pipeline(pipeline: Pipeline, last: boolean): Promise<void> {
    const { shell } = this;
    const started = pipeline.time === undefined ? 0 : Date.now();
    if (pipeline.negate) shell.tested += 1;
    try {
      if (pipeline.commands.length === 1) {
        const command = pipeline.commands[0]!;
        await this.command(command);
        if (command.type === "simple" || command.type === "subshell" || command.type === "arith" || command.type === "test") shell.pipeStatus = [String(shell.status)];
      } else await this.#stages(pipeline);
    } finally {
      if (pipeline.negate) shell.tested -= 1;
    }
    if (pipeline.time !== undefined) await this.#times(Date.now() - started, pipeline.time);
    if (pipeline.negate) {
      shell.status = shell.status === 0 ? 1 : 0;
      return;
    }
    if (shell.status !== 0 && last && shell.tested === 0) {
      const { type } = pipeline.commands[0]!;
      if (pipeline.commands.length > 1 || type === "simple" || type === "subshell" || type === "arith" || type === "test") await this.failed();
    }
  }

  /** A command failed where nobody looked: the ERR trap and `set -e`. */
  async failed(): Promise<void> {
    const { shell } = this;
    const { status } = shell;
    const trap = shell.traps.get("ERR");
    if (trap !== undefined && trap !== "" && !shell.inTrap) await this.trapped(trap);
    if (shell.options.has("errexit")) throw new ExitShell(status);
  }

  async #times(ms: number, format: "bash" | "posix"): Promise<void> {
    const seconds = ms / 1000;
    const bash = `${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(3)}s`;
    await this.shell.write(2, format === "posix" ? `real ${seconds.toFixed(2)}\nuser 0.00\nsys 0.00\n` : `\nreal\t${bash}\nuser\t0m0.000s\nsys\t0m0.000s\n`);
  }

  async #stages(pipeline: Pipeline): Promise<void> {
    const { shell } = this;
    const { commands, both } = pipeline;
    const running: Promise<number>[] = [];
    let input: ReturnType<typeof pipe>["reader"] | null = null;
    const lastHere = shell.shopts.has("lastpipe");
    for (let at = 0; at < commands.length; at += 1) {
      const command = commands[at]!;
      const out: ReturnType<typeof pipe> | null = at < commands.length - 1 ? pipe() : null;
      if (out === null && lastHere) {
        const kept = shell.fds.get(0)?.hold();
        shell.fds.set(0, input!);
        try {
          await this.command(command);
        } finally {
          if (kept === undefined) shell.fds.close(0);
          else shell.fds.set(0, kept);
        }
        running.push(Promise.resolve(shell.status));
        break;
      }
      const fds = shell.fds.fork();
      if (input !== null) fds.set(0, input);
      if (out !== null) {
        fds.set(1, out.writer);
        if (both[at] === true) fds.set(2, out.writer.hold());
      }
      running.push(this.spawn("pipeline", fds, (child) => child.interpreter.stage(command)).done);
      input = out?.reader ?? null;
    }
    const statuses = await this.waitFor(Promise.all(running));
    shell.pipeStatus = statuses.map(String);
    shell.status = shell.options.has("pipefail") ? (statuses.findLast((status) => status !== 0) ?? 0) : statuses.at(-1)!;
    this.aborted();
  }
  async stage(command: Command): Promise<number> {
    await this.command(command);
    return this.shell.status;
  }

  // --- signals and traps ---

  async #signals(): Promise<void> {
    const { shell } = this;
    for (let signal = shell.process.pending.shift(); signal !== undefined; signal = shell.process.pending.shift()) {
      const trap = shell.traps.get(NAMES.get(signal) ?? "");
      if (trap !== undefined && trap !== "") await this.trapped(trap);
    }
  }
  /** Runs a trap's commands; the exit code stays what it was. */
  async trapped(action: string): Promise<void> {
    const { shell } = this;
    const { status, pipeStatus, line, inTrap } = shell;
    shell.inTrap = true;
    try {
      await this.source(action, line);
    } finally {
      shell.inTrap = inTrap;
    }
    shell.status = status;
    shell.pipeStatus = pipeStatus;
    shell.line = line;
  }

  // --- commands ---

  async command(command: Command): Promise<void> {
    const { shell } = this;
    const turn = shell.machine.step();
    if (turn !== null) await turn;
    if (shell.process.killed !== null) shell.process.check();
    if (shell.process.pending.length > 0) await this.#signals();
    if (command.type === "simple") {
      try {
        await simple(shell, command);
      } catch (error) {
        if (!isFault(error)) throw error;
        await this.#explained(error);
      }
      return;
    }
    if (command.redirections.length === 0) return await this.#guarded(command);
    const from = this.openSubstitutions.length;
    let undo: Undo | null;
    try {
      shell.line = command.line;
      undo = await applied(shell, command.redirections);
    } catch (error) {
      if (!isFault(error)) throw error;
      return await this.#explained(error);
    }
    if (undo === null) {
      shell.status = 1;
      if (shell.tested === 0) await this.failed();
      return;
    }
    try {
      await this.#guarded(command);
    } finally {
      undo();
      if (this.openSubstitutions.length > from) await this.closeSubstitutions(from);
    }
  }
  async #guarded(command: Compound): Promise<void> {
    try {
      await compound(this.shell, command);
    } catch (error) {
      if (!isFault(error)) throw error;
      await this.#explained(error);
    }
  }
  /** Says a fault; some of them end the shell. */
  async #explained(error: Error): Promise<void> {
    const { shell } = this;
    if (error instanceof SyntaxFault) {
      await this.syntax(error);
      throw new ExitShell(shell.status);
    }
    await shell.error(error.message);
    shell.status = error instanceof ExpansionFault ? error.status : 1;
    if (error instanceof ExpansionFault && error.fatal) throw new ExitShell(shell.status);
    // Bash gives up the whole line that the fault is in; a function or a sourced file ends with it.
    throw new Discarded(shell.status);
  }

  /** Calls a function with arguments. */
  async call(fn: ShellFunction, args: string[]): Promise<void> {
    const { shell } = this;
    const { positional, loops } = shell;
    await this.#deeper();
    shell.calls.push({ name: fn.name, file: fn.file, line: shell.line, kind: "function" });
    shell.positional = args;
    shell.loops = 0;
    shell.variables.enter();
    const debug = shell.traps.get("DEBUG");
    const hidden = new Map<string, string>();
    if (!shell.options.has("functrace") && debug !== undefined) hide(shell, "DEBUG", hidden);
    if (!shell.options.has("functrace")) hide(shell, "RETURN", hidden);
    if (!shell.options.has("errtrace")) hide(shell, "ERR", hidden);
    try {
      await this.command(fn.body);
    } catch (error) {
      if (!(error instanceof ReturnFrom)) throw error;
      shell.status = error.status;
    } finally {
      const trap = shell.traps.get("RETURN");
      if (trap !== undefined && trap !== "" && shell.process.killed === null) await this.trapped(trap);
      for (const [name, action] of hidden) if (!shell.traps.has(name)) shell.traps.set(name, action);
      shell.variables.leave();
      shell.positional = positional;
      shell.loops = loops;
      shell.calls.pop();
      shell.depth -= 1;
    }
  }
  /** A script inside this shell: `source`, `eval`. */
  async within(text: string, call: { name: string; file: string } | null, args: string[] | null, firstLine = 1): Promise<number> {
    const { shell } = this;
    const { positional } = shell;
    await this.#deeper();
    if (call !== null) shell.calls.push({ ...call, line: shell.line, kind: "source" });
    if (args !== null) shell.positional = args;
    try {
      return await this.source(text, firstLine);
    } catch (error) {
      if (call === null || !(error instanceof ReturnFrom)) throw error;
      shell.status = error.status;
      return error.status;
    } finally {
      if (args !== null) shell.positional = positional;
      if (call !== null) shell.calls.pop();
      shell.depth -= 1;
    }
  }
  async #deeper(): Promise<void> {
    const { shell } = this;
    const own = Number(shell.value("FUNCNEST") ?? 0);
    if (own > 0 && shell.calls.length >= own) {
      await shell.error(`${shell.calls.at(-1)?.name ?? ""}: maximum function nesting level exceeded (${own})`);
      throw new Discarded(1);
    }
    shell.depth += 1;
    if (shell.depth > shell.machine.limits.callDepthMax) shell.machine.stop(new LimitFault(`recursion: calls are nested deeper than ${shell.machine.limits.callDepthMax}`));
    // A fresh native stack now and then: depth costs memory, not stack.
    if (shell.depth % DEPTH_PER_TURN === 0) await Promise.resolve();
  }

  /** What bash says when a job was ended by a signal. */
  static ended(status: number): string | null {
    return status > 128 ? (TOLD_SIGNALS[status - 128] ?? null) : null;
  }
}

function hide(shell: Shell, name: string, hidden: Map<string, string>): void {
  const action = shell.traps.get(name);
  if (action === undefined) return;
  hidden.set(name, action);
  shell.traps.delete(name);
}
