/** awk as a program: its options and where its text comes from. */
import { faultOf } from "../../files.js";
import type { Program } from "../../machine.js";
import { options } from "../options.js";
import { Awk } from "./run.js";
import { parse } from "./syntax.js";
import { AwkFault } from "./tokens.js";

const awk: Program = async (io) => {
  const given = await options(io, { short: "+F:v:f:W:", long: { "field-separator=": "F", "assign=": "v", "file=": "f", version: "version" } });
  if (given === null) return 2;
  if (given.has("W", "version")) return io.usage(given.last("W", "version")!);
  const operands = [...given.operands];
  let source = "";
  for (const file of given.values("f")) {
    try {
      source += `${await io.text(io.open(file))}\n`;
    } catch (error) {
      return io.fail(`cannot open ${file} (${faultOf(error)})`, 2);
    }
  }
  if (!given.has("f")) {
    const first = operands.shift();
    if (first === undefined) return io.fail("usage: awk [-F value] [-v var=value] [--] 'program text' [file ...]", 2);
    source = first;
  }
  try {
    const runner = new Awk(io, parse(source), operands);
    const separator = given.value("F");
    if (separator !== undefined) runner.variable("FS", separator === "t" ? "\t" : separator);
    for (const text of given.values("v")) {
      const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
      if (match === null) return io.fail(`improper assignment: -v ${text}`, 2);
      runner.variable(match[1]!, match[2]!);
    }
    return await runner.run();
  } catch (error) {
    if (error instanceof AwkFault) return io.fail(error.message, 2);
    throw error;
  }
};
export const awks: Record<string, Program> = { awk, mawk: awk, gawk: awk, nawk: awk };
