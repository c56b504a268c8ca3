/** jq as a program: its options, what it reads and how results are printed. */
import { faultOf } from "../../files.js";
import type { Io, Program } from "../../machine.js";
import { options } from "../options.js";
import { base, Scope } from "./prelude.js";
import { Break, Jq } from "./run.js";
import { type Expr, parse } from "./syntax.js";
import { JqFault, type JsonObject, Reader, text, truth, type Value } from "./values.js";

const jq: Program = async (io: Io) => {
  const args: string[] = [];
  const named: JsonObject = new Map();
  const variables = new Map<string, Value>();
  let positional: Value[] | null = null;
  for (let at = 0; at < io.args.length; at += 1) {
    const arg = io.args[at]!;
    if (["--arg", "--argjson", "--slurpfile", "--rawfile"].includes(arg)) {
      const [name, raw] = [io.args[at + 1], io.args[at + 2]];
      if (name === undefined || raw === undefined) return io.fail(`${arg} takes two parameters (e.g. ${arg} varname value)`, 2);
      at += 2;
      try {
        const value: Value = arg === "--arg" ? raw : arg === "--argjson" ? (new Reader(raw).next() ?? null) : arg === "--rawfile" ? await io.text(io.open(raw)) : every(await io.text(io.open(raw)));
        variables.set(name, value);
        named.set(name, value);
      } catch (error) {
        return io.fail(error instanceof JqFault ? `Invalid JSON text passed to --argjson` : `Bad JSON in ${arg} ${name} ${raw}: ${faultOf(error)}`, 2);
      }
    } else if (arg === "--args" || arg === "--jsonargs") {
      positional = io.args.slice(at + 1).filter((own) => !own.startsWith("-"));
      if (args.filter((own) => !own.startsWith("-")).length === 0 && positional.length > 0) args.push(positional.shift() as string);
      if (arg === "--jsonargs") positional = positional.map((own) => new Reader(own as string).next() ?? null);
      break;
    } else args.push(arg);
  }
  const given = await options(io, { short: "rcjaSCMnesRf:h", long: { "raw-output": "r", "compact-output": "c", "join-output": "j", "ascii-output": "a", "sort-keys": "S", "color-output": "C", "monochrome-output": "M", "null-input": "n", "exit-status": "e", slurp: "s", "raw-input": "R", "from-file=": "f", tab: "tab", "indent=": "indent", "raw-output0": "raw0" } }, args);
  if (given === null) return 2;
  if (given.has("C", "h")) return io.usage(given.last("C", "h")!);
  const operands = [...given.operands];
  let source: string;
  try {
    source = given.has("f") ? await io.text(io.open(given.value("f")!)) : (operands.shift() ?? ".");
  } catch (error) {
    return io.fail(`error: Could not open ${given.value("f")}: ${faultOf(error)}`, 2);
  }
  let program: Expr;
  try {
    program = parse(source);
  } catch (error) {
    if (!(error instanceof JqFault)) throw error;
    await io.err(`jq: error: ${error.message}\njq: 1 compile error\n`);
    return 3;
  }
  const scope = new Scope();
  for (const [name, value] of variables) scope.variables.set(name, value);
  scope.variables.set("ENV", new Map(io.env));
  scope.variables.set("__prog_args", null);
  scope.variables.set("__loc__", new Map<string, Value>([["file", "<top-level>"], ["line", 1]]));
  scope.variables.set("ARGS", new Map<string, Value>([["positional", positional ?? []], ["named", named]]));
  base().variables.set("ENV", new Map(io.env));
  const indent = given.has("c") ? "" : given.has("tab") ? "\t" : " ".repeat(Number(given.value("indent") ?? 2));
  const raw = given.has("r", "j", "raw0");
  let input = "";
  for await (const { stream } of io.inputs(given.has("n") && operands.length === 0 ? [] : operands)) {
    if (given.has("n") && operands.length === 0) {
      if (!/\binputs?\b/.test(source)) {
        stream.release();
        break;
      }
    }
    input += await io.text(stream);
  }
  const reader = new Reader(input);
  const lines = given.has("R") && !given.has("s") ? input.split("\n") : [];
  if (lines.at(-1) === "") lines.pop();
  const next = (): Value | undefined => (given.has("R") && !given.has("s") ? lines.shift() : reader.next());
  let last: Value | undefined;
  const one = async (value: Value): Promise<void> => {
    try {
      for (const result of new Jq(next).run(program, value, scope)) {
        last = result;
        let shownText = raw && typeof result === "string" ? result : text(result, indent, given.has("S"));
        if (given.has("a")) shownText = shownText.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
        if (io.out(shownText + (given.has("j") ? "" : given.has("raw0") ? "\0" : "\n"))) await io.flush();
      }
    } catch (error) {
      if (error instanceof Break) await io.err("jq: error (at <stdin>:0): break\n");
      else if (error instanceof JqFault) await io.err(`jq: error (at <stdin>:0): ${error.message}\n`);
      else throw error;
      io.status = 5;
    }
  };
  try {
    if (given.has("n")) await one(null);
    else if (given.has("s")) await one(given.has("R") ? input : every(input));
    else for (let value = next(); value !== undefined; value = next()) await one(value);
  } catch (error) {
    if (!(error instanceof JqFault)) throw error;
    await io.err(`jq: ${error.message}\n`);
    return 2;
  }
  if (io.status !== 0) return io.status;
  return given.has("e") ? (last === undefined ? 4 : truth(last) ? 0 : 1) : 0;
};
function every(input: string): Value[] {
  const reader = new Reader(input);
  const list: Value[] = [];
  for (let value = reader.next(); value !== undefined; value = reader.next()) list.push(value);
  return list;
}
export const jqs: Record<string, Program> = { jq };
