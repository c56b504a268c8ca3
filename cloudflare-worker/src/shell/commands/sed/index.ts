/** sed as a program: GNU's options, files changed in place. */
import { encode } from "../../bytes.js";
import { faultOf } from "../../files.js";
import type { Program } from "../../machine.js";
import { options } from "../options.js";
import { Input } from "./input.js";
import { Machine } from "./run.js";
import { type Command, Reader, SedFault } from "./syntax.js";

const sed: Program = async (io) => {
  const given = await options(io, { short: "nErsi::e:f:zu", long: { quiet: "n", silent: "n", "regexp-extended": "E", "in-place?": "i", "expression=": "e", "file=": "f", separate: "s", "null-data": "z", posix: "posix", unbuffered: "u", debug: "debug", sandbox: "sandbox" }, status: 1 });
  if (given === null) return 1;
  if (given.has("debug")) return io.usage("--debug");
  const operands = [...given.operands];
  const scripts: string[] = [];
  for (const [name, value] of given.given) {
    if (name === "e") scripts.push(value);
    if (name === "f") {
      try {
        scripts.push((await io.text(io.open(value))).replace(/\n$/, ""));
      } catch (error) {
        return io.fail(`couldn't open file ${value}: ${faultOf(error)}`);
      }
    }
  }
  if (scripts.length === 0) {
    const first = operands.shift();
    if (first === undefined) return io.fail("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...");
    scripts.push(first);
  }
  const script = scripts.join("\n");
  const end = given.has("z") ? "\0" : "\n";
  const quiet = given.has("n") || script.startsWith("#n\n");
  try {
    const commands = (): Command[] => new Reader(script, given.has("E", "r")).whole();
    if (given.has("i")) {
      const suffix = given.value("i")!;
      for (const name of operands) {
        let made = "";
        try {
          io.fs.open(io.path(name), {});
        } catch (error) {
          await io.err(`sed: can't read ${name}: ${faultOf(error)}\n`);
          io.status = 2;
          continue;
        }
        const machine = new Machine(io, commands(), quiet, end);
        await machine.run(new Input(io, [name], end), (text) => { made += text; });
        machine.close();
        const stat = io.fs.stat(io.path(name));
        if (suffix !== "") io.fs.rename(io.path(name), io.path(suffix.includes("*") ? name.replace(/[^/]*$/, (file) => suffix.replaceAll("*", file)) : name + suffix));
        io.fs.open(io.path(name), { create: true, truncate: true, mode: stat.mode }).write(0, encode(made));
        if (machine.exit !== null) return machine.exit;
      }
      return io.status;
    }
    const machine = new Machine(io, commands(), quiet, end);
    const groups = given.has("s") ? operands.map((name) => [name]) : [operands.length === 0 ? ["-"] : operands];
    for (const names of groups) {
      const input = new Input(io, names, end);
      await machine.run(input, (text) => { io.out(text); });
      input.close();
      await io.flush();
      if (machine.exit !== null) break;
    }
    machine.close();
    return machine.exit ?? io.status;
  } catch (error) {
    if (error instanceof SedFault) return io.fail(error.message);
    throw error;
  }
};
export const seds: Record<string, Program> = { sed };
