/** bc as a program: arithmetic without limit of digits, with functions, as GNU's bc does it. */
import { faultOf } from "../../files.js";
import type { Program } from "../../machine.js";
import { options } from "../options.js";
import { Bc } from "./run.js";

const bc: Program = async (io) => {
  const given = await options(io, { short: "lqisw", long: { mathlib: "l", quiet: "q", interactive: "i", standard: "s", warn: "w" } });
  if (given === null) return 2;
  const machine = new Bc(io);
  if (given.has("l")) machine.library();
  for (const file of given.operands) {
    try {
      if (!(await machine.run(await io.text(io.open(file))))) return io.status;
    } catch (error) {
      return io.fail(`${file}: ${faultOf(error)}`);
    }
  }
  await machine.run(await io.text(io.stdin()));
  return io.status;
};
export const bcs: Record<string, Program> = { bc };
