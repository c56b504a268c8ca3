/** Programs about the names of files: readlink, realpath, basename, dirname, which. */
import type { FileSystem } from "../files.js";
import type { Program } from "../machine.js";
import { basename, lookup } from "./paths.js";
import { within } from "./listing.js";
import { options } from "./options.js";

function realpathMissing(fs: FileSystem, path: string, mode: "all" | "last" | "none"): string | null {
  try {
    return fs.realpath(path);
  } catch (error) {
    if (mode === "all") return null;
    const parent = path.replace(/\/[^/]*$/, "") || "/";
    if (path === "/") throw error;
    if (mode === "last") {
      try {
        // A link that leads nowhere: its goal may be missing too.
        const target = fs.readlink(path);
        return realpathMissing(fs, target.startsWith("/") ? target : `${parent}/${target}`, mode);
      } catch {
        // Not a link.
      }
    }
    const head = realpathMissing(fs, parent, mode === "last" ? "all" : "none");
    return head === null ? null : `${head === "/" ? "" : head}/${path.split("/").at(-1)}`;
  }
}
const readlink: Program = async (io) => {
  const given = await options(io, { short: "femnqsvz", long: { canonicalize: "f", "canonicalize-existing": "e", "canonicalize-missing": "m", "no-newline": "n" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const name of given.operands) {
    let text: string | null = null;
    try {
      text = given.has("f", "e", "m") ? realpathMissing(io.fs, io.path(name), given.has("e") ? "all" : given.has("m") ? "none" : "last") : io.fs.readlink(io.path(name));
    } catch {
      // Said by the exit code alone.
    }
    if (text === null) io.status = 1;
    else io.out(text + (given.has("n") ? "" : "\n"));
  }
  return io.status;
};
const realpath: Program = async (io) => {
  const given = await options(io, { short: "emsqzLP", long: { "canonicalize-existing": "e", "canonicalize-missing": "m", "no-symlinks": "s", "relative-to=": "to", "relative-base=": "base" } });
  if (given === null) return 2;
  if (given.has("base")) return io.usage("--relative-base");
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const name of given.operands) {
    const text = given.has("s") ? io.path(name) : realpathMissing(io.fs, io.path(name), given.has("e") ? "all" : given.has("m") ? "none" : "last");
    if (text === null) await io.fail(`${name}: No such file or directory`);
    else if (given.has("to")) io.out(`${relative(realpathMissing(io.fs, io.path(given.value("to")!), "none")!, text)}\n`);
    else io.out(`${text}\n`);
  }
  return io.status;
};
function relative(from: string, to: string): string {
  const [a, b] = [from.split("/").filter(Boolean), to.split("/").filter(Boolean)];
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same += 1;
  return [...a.slice(same).map(() => ".."), ...b.slice(same)].join("/") || ".";
}
const base: Program = async (io) => {
  const given = await options(io, { short: "+as:z", long: { multiple: "a", "suffix=": "s", zero: "z" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  const many = given.has("a", "s");
  if (!many && given.operands.length > 2) return io.fail(`extra operand '${given.operands[2]}'`);
  const suffix = given.value("s") ?? (many ? "" : (given.operands[1] ?? ""));
  for (const path of many ? given.operands : given.operands.slice(0, 1)) {
    const name = path === "" ? "" : basename(path);
    io.out(`${suffix !== "" && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`);
  }
  return 0;
};
const dirname: Program = async (io) => {
  const given = await options(io, { short: "z", long: { zero: "z" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const path of given.operands) {
    const trimmed = path.replace(/\/+$/, "");
    io.out(`${trimmed === "" ? (path.startsWith("/") ? "/" : ".") : trimmed.includes("/") ? trimmed.replace(/\/+[^/]*$/, "") || "/" : "."}\n`);
  }
  return 0;
};
const which: Program = async (io) => {
  const given = await options(io, { short: "as", long: {} });
  if (given === null) return 2;
  let status = 0;
  for (const name of given.operands) {
    let found: string | null = null;
    for (const folder of (io.env.get("PATH") ?? "").split(":")) {
      const stat = lookup(io, within(folder, name));
      if (stat?.kind === "file" && (stat.mode & 0o111) !== 0) found = within(folder, name);
      else if (/^\/(usr\/)?bin$/.test(folder) && io.machine.programs.has(name)) found = `/usr/bin/${name}`;
      if (found !== null) break;
    }
    if (found === null) status = 1;
    else if (!given.has("s")) io.out(`${found}\n`);
  }
  return status;
};

export const names: Record<string, Program> = { readlink, realpath, basename: base, dirname, which };
