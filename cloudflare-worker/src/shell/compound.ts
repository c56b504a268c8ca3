/** Compound commands: groups, branches, loops, `case`, `select`, tests and the definition of functions. */
import { ArithmeticFault, isTrue } from "./arithmetic.js";
import { promptedLine } from "./builtins/text.js";
import { matches } from "./patterns.js";
import { LeaveLoop, type Shell, type ShellFunction } from "./shell.js";
import type { Compound, List } from "./syntax/ast.js";
import { condition } from "./tests.js";
import { ExpansionFault, settle } from "./words.js";

export async function compound(shell: Shell, command: Compound): Promise<void> {
  switch (command.type) {
    case "group":
      await shell.interpreter.list(command.body);
      return;
    case "subshell":
      await shell.interpreter.subshell(command.body);
      return;
    case "if":
      for (const { test, body } of command.clauses) {
        if (await holds(shell, test)) {
          await shell.interpreter.list(body);
          return;
        }
      }
      if (command.otherwise !== undefined) await shell.interpreter.list(command.otherwise);
      else shell.status = 0;
      return;
    case "while": {
      let status = 0;
      await loop(shell, async () => {
        if ((await holds(shell, command.test)) === command.until) return false;
        status = await shell.interpreter.list(command.body);
        return true;
      }, () => { status = 0; });
      shell.status = status;
      return;
    }
    case "for": {
      const words = command.words === undefined ? shell.positional : await settle(shell.expander.fields(command.words));
      let at = 0;
      shell.status = 0;
      await loop(shell, async () => {
        if (at >= words.length) return false;
        shell.line = command.line;
        shell.assign(command.name, null, words[at]!);
        at += 1;
        await shell.interpreter.list(command.body);
        return true;
      });
      return;
    }
    case "select":
      await select(shell, command);
      return;
    case "forarith": {
      const { expander } = shell;
      shell.line = command.line;
      await settle(expander.arithmetic(command.init));
      shell.status = 0;
      let first = true;
      await loop(shell, async () => {
        if (!first) await settle(expander.arithmetic(command.step));
        first = false;
        if (command.test.parts.length > 0) {
          const test = settle(expander.arithmeticText(command.test));
          const text = test instanceof Promise ? await test : test;
          if (text.trim() !== "" && !isTrue(shell.arithmetic(text))) return false;
        }
        await shell.interpreter.list(command.body);
        return true;
      });
      return;
    }
    case "case":
      await choose(shell, command);
      return;
    case "arith": {
      shell.line = command.line;
      if (shell.options.has("xtrace")) await shell.write(2, `+ (( ${await settle(shell.expander.arithmeticText(command.word))} ))\n`);
      try {
        shell.status = (await settle(shell.expander.truth(command.word))) ? 0 : 1;
      } catch (error) {
        if (!(error instanceof ArithmeticFault)) throw error;
        await shell.error(`((: ${error.message}`);
        shell.status = 1;
      }
      return;
    }
    case "test":
      shell.line = command.line;
      shell.status = await condition(shell, command.test);
      return;
    case "function": {
      const made: ShellFunction = { name: command.name, body: command.body, source: command.source, file: shell.calls.at(-1)?.file ?? shell.name, line: command.line };
      shell.functions.set(command.name, made);
      shell.status = 0;
      return;
    }
    case "coproc":
      throw new ExpansionFault("coproc: not supported here");
  }
}

async function holds(shell: Shell, list: List): Promise<boolean> {
  shell.tested += 1;
  try {
    await shell.interpreter.list(list);
  } finally {
    shell.tested -= 1;
  }
  return shell.status === 0;
}

/** Repeats until it says false; `break` and `continue` end here. */
async function loop(shell: Shell, round: () => Promise<boolean>, left?: () => void): Promise<void> {
  shell.loops += 1;
  try {
    for (;;) {
      try {
        if (!(await round())) return;
      } catch (error) {
        if (!(error instanceof LeaveLoop)) throw error;
        shell.status = 0;
        left?.();
        if (error.levels > 1 && shell.loops > 1) {
          error.levels -= 1;
          throw error;
        }
        if (!error.again) return;
      }
    }
  } finally {
    shell.loops -= 1;
  }
}

async function choose(shell: Shell, command: Extract<Compound, { type: "case" }>): Promise<void> {
  shell.line = command.line;
  const text = await settle(shell.expander.text(command.word));
  shell.status = 0;
  const fold = shell.shopts.has("nocasematch");
  let through = false;
  for (const { patterns, body, end } of command.clauses) {
    let hit = through;
    for (const pattern of hit ? [] : patterns) {
      const made = settle(shell.expander.pattern(pattern));
      if (matches(made instanceof Promise ? await made : made, text, { extglob: shell.extglob(), fold })) {
        hit = true;
        break;
      }
    }
    if (!hit) continue;
    await shell.interpreter.list(body);
    if (end === ";;") return;
    through = end === ";&";
  }
}

async function select(shell: Shell, command: Extract<Compound, { type: "select" }>): Promise<void> {
  const words = command.words === undefined ? shell.positional : await settle(shell.expander.fields(command.words));
  const width = String(words.length).length;
  const menu = (): string => words.map((word, at) => `${String(at + 1).padStart(width)}) ${word}\n`).join("");
  shell.status = 0;
  let show = true;
  await loop(shell, async () => {
    if (words.length === 0) return false;
    const prompt = shell.value("PS3") ?? "#? ";
    if (show) await shell.write(2, menu());
    const line = await promptedLine(shell, prompt);
    if (line === null) {
      await shell.write(2, "\n");
      shell.status = 1;
      return false;
    }
    shell.assign("REPLY", null, line);
    show = line.trim() === "";
    if (show) return true;
    const number = Number(line.trim());
    shell.assign(command.name, null, Number.isInteger(number) && number >= 1 && number <= words.length ? words[number - 1]! : "");
    await shell.interpreter.list(command.body);
    show = false;
    if ((shell.value("REPLY") ?? "") === "") show = true;
    return true;
  });
}
