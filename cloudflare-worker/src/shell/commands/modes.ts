/** Who may do what with a file: chmod, and how a mode is written. */
import type { Program } from "../machine.js";
import { lookup, within } from "./paths.js";
import { options } from "./options.js";

/** A mode by number or by letters; null when it is none. */
export function modeOf(text: string, old: number, folder: boolean, umask = 0o022): number | null {
  if (/^[0-7]{1,5}$/.test(text)) return Number.parseInt(text, 8) & 0o7777;
  let mode = old;
  for (const clause of text.split(",")) {
    const match = /^([ugoa]*)((?:[-+=][rwxXst]*|[-+=][ugo])+)$/.exec(clause);
    if (match === null) return null;
    const who = match[1] === "" ? "a" : match[1]!;
    const masked = match[1] === "" ? ~umask : ~0;
    for (const [, op, permissions] of match[2]!.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      let bits = 0;
      for (const letter of permissions!) {
        if (letter === "r") bits |= 0o444;
        else if (letter === "w") bits |= 0o222;
        else if (letter === "x" || (letter === "X" && (folder || (old & 0o111) !== 0))) bits |= 0o111;
        else if (letter === "s") bits |= (who.includes("u") || who.includes("a") ? 0o4000 : 0) | (who.includes("g") || who.includes("a") ? 0o2000 : 0);
        else if (letter === "t") bits |= 0o1000;
        else if ("ugo".includes(letter)) {
          const part = (mode >> { u: 6, g: 3, o: 0 }[letter as "u" | "g" | "o"]) & 7;
          bits |= part | (part << 3) | (part << 6);
        }
      }
      let reach = bits & 0o7000;
      if (who.includes("u") || who.includes("a")) reach |= 0o700;
      if (who.includes("g") || who.includes("a")) reach |= 0o070;
      if (who.includes("o") || who.includes("a")) reach |= 0o007;
      const change = bits & (reach | 0o7000) & (masked | 0o7000);
      if (op === "+") mode |= change;
      else if (op === "-") mode &= ~change;
      else mode = (mode & ~(reach & 0o777)) | change;
    }
  }
  return mode;
}
const chmod: Program = async (io) => {
  const args = io.args.map((arg, at) => (/^-[rwxX]+$/.test(arg) && !io.args.slice(0, at).some((other) => !other.startsWith("-")) ? `a${arg}` : arg));
  const given = await options(io, { short: "Rvcf", long: { recursive: "R", verbose: "v", changes: "c", silent: "f", quiet: "f", "reference=": "ref" } }, args);
  if (given === null) return 2;
  const [mode, ...names] = given.operands;
  if (mode === undefined) return io.fail("missing operand");
  if (names.length === 0) return io.fail(`missing operand after '${mode}'`);
  if (modeOf(mode, 0, false) === null) return io.fail(`invalid mode: '${mode}'`);
  const change = async (name: string): Promise<void> => {
    const stat = lookup(io, name);
    if (stat === null) {
      if (given.has("f")) io.status = 1;
      else await io.fail(`cannot access '${name}': No such file or directory`);
      return;
    }
    const made = modeOf(mode, stat.mode, stat.kind === "directory", io.machine.umask)!;
    io.fs.chmod(io.path(name), made);
    if (given.has("v") || (given.has("c") && made !== stat.mode)) io.out(`mode of '${name}' ${made === stat.mode ? "retained as" : `changed from ${stat.mode.toString(8).padStart(4, "0")} (${letters(stat.mode)}) to`} ${made.toString(8).padStart(4, "0")} (${letters(made)})\n`);
    if (given.has("R") && stat.kind === "directory") for (const entry of io.fs.readdir(io.path(name)).sort()) await change(within(name, entry));
  };
  for (const name of names) await change(name);
  return io.status;
};
/** `rwxr-xr-x` */
export function letters(mode: number): string {
  const three = (shift: number, special: boolean, mark: string): string => {
    const bits = (mode >> shift) & 7;
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${special ? (bits & 1 ? mark : mark.toUpperCase()) : bits & 1 ? "x" : "-"}`;
  };
  return three(6, (mode & 0o4000) !== 0, "s") + three(3, (mode & 0o2000) !== 0, "s") + three(0, (mode & 0o1000) !== 0, "t");
}

export const modes: Record<string, Program> = { chmod };
