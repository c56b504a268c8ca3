/** The programs of /usr/bin, by name. */
import { printed } from "../builtins/text.js";
import type { Program } from "../machine.js";
import { diffs } from "./diff.js";
import { bcs } from "./bc/index.js";
import { awks } from "./awk/index.js";
import { codes } from "./codes.js";
import { dumps } from "./dumps.js";
import { fields } from "./fields.js";
import { files } from "./files.js";
import { jqs } from "./jq/index.js";
import { greps } from "./grep.js";
import { curl } from "./http/curl.js";
import { wget } from "./http/wget.js";
import { lines } from "./lines.js";
import { find } from "./find.js";
import { listing } from "./listing.js";
import { modes } from "./modes.js";
import { names } from "./names.js";
import { sort } from "./sort.js";
import { seds } from "./sed/index.js";
import { tars } from "./tar.js";
import { system } from "./system.js";
import { wrapping } from "./wrapping.js";

/** Run by the shell itself, which knows them by these names. */
const shellItself: Program = () => 127;
/** Builtins that are programs too, for those who start them without a shell. */
const echo: Program = (io) => {
  const bare = io.args[0] === "-n";
  io.out(`${(bare ? io.args.slice(1) : io.args).join(" ")}${bare ? "" : "\n"}`);
  return 0;
};
const printf: Program = async (io) => {
  const [format, ...args] = io.args;
  if (format === undefined) return io.fail("missing operand");
  const faults: string[] = [];
  io.out(printed(format, args, (message) => faults.push(message), io.env.get("TZ")).text);
  for (const fault of faults) await io.fail(fault);
  return io.status;
};
const pwd: Program = (io) => {
  io.out(`${io.cwd}\n`);
  return 0;
};

export const programs: ReadonlyMap<string, Program> = new Map<string, Program>(Object.entries({
  bash: shellItself, sh: shellItself, dash: shellItself, "[": shellItself, test: shellItself, kill: shellItself,
  ...awks, ...jqs, ...diffs, ...tars, ...bcs, ...codes, ...dumps, ...fields, ...files, ...greps, ...lines, ...listing, ...modes, ...names, find, sort, ...seds, ...system, curl, wget, ...wrapping,
  echo, printf, true: () => 0, false: () => 1, pwd,
}));
