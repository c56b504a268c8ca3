/** Programs that change files and folders: cp, mv, rm, mkdir, rmdir, touch, ln, mktemp, truncate, install. */
import { parseDate } from "../dates.js";
import { faultOf, FileError, makeFolders } from "../files.js";
import { type Io, isDevice, type Program } from "../machine.js";
import { modeOf } from "./modes.js";
import { type Options, options, size } from "./options.js";
import { basename, lookup, within } from "./paths.js";

const quoted = (name: string): string => `'${name}'`;

function copyFile(io: Io, from: string, to: string, keep: boolean): void {
  const stat = io.fs.stat(io.path(from));
  const content = io.fs.open(io.path(from), {});
  const bytes = content.read(0, content.size()).slice();
  io.fs.open(io.path(to), { create: true, truncate: true, mode: stat.mode }).write(0, bytes);
  if (keep) io.fs.utimes(io.path(to), stat.mtimeMs);
}

/** What cp and mv take from where to where; null when that makes no sense, and it was said. */
async function destination(io: Io, given: Options): Promise<{ operands: string[]; into: string; folder: boolean } | null> {
  const operands = [...given.operands];
  const into = given.value("t") ?? (operands.length > 1 ? operands.pop()! : undefined);
  const folder = into !== undefined && lookup(io, into)?.kind === "directory" && !given.has("T");
  if (operands.length === 0) await io.fail("missing file operand");
  else if (into === undefined) await io.fail(`missing destination file operand after '${operands[0]}'`);
  else if (operands.length > 1 && !folder) await io.fail(`target '${into}': ${lookup(io, into) === null ? "No such file or directory" : "Not a directory"}`);
  else return { operands, into, folder };
  return null;
}

const cp: Program = async (io) => {
  const given = await options(io, { short: "aRrpfinuvdLPHTt:l", long: { archive: "a", recursive: "R", force: "f", interactive: "i", "no-clobber": "n", update: "u", verbose: "v", "target-directory=": "t", "no-target-directory": "T", "preserve?": "p", parents: "parents" } });
  if (given === null) return 2;
  if (given.has("parents", "l")) return io.usage(given.last("parents", "l")!);
  const where = await destination(io, given);
  if (where === null) return 1;
  const { operands, into, folder } = where;
  const deep = given.has("a", "R", "r");
  const copy = async (from: string, to: string): Promise<void> => {
    const stat = lookup(io, from, !given.has("a", "d", "P") && !(deep && !given.has("L", "H")));
    if (stat === null) return void (await io.fail(`cannot stat ${quoted(from)}: No such file or directory`));
    const old = lookup(io, to);
    try {
      if (stat.kind === "directory") {
        if (!deep) return void (await io.fail(`-r not specified; omitting directory ${quoted(from)}`));
        if (`${io.path(to)}/`.startsWith(`${io.path(from)}/`)) return void (await io.fail(`cannot copy a directory, ${quoted(from)}, into itself, ${quoted(to)}`));
        if (old === null) {
          io.fs.mkdir(io.path(to), stat.mode);
          if (given.has("v")) io.out(`${quoted(from)} -> ${quoted(to)}\n`);
        } else if (old.kind !== "directory") return void (await io.fail(`cannot overwrite non-directory ${quoted(to)} with directory ${quoted(from)}`));
        for (const name of io.fs.readdir(io.path(from)).sort()) await copy(within(from, name), within(to, name));
        if (given.has("a", "p")) io.fs.utimes(io.path(to), stat.mtimeMs);
        return;
      }
      if (old?.kind === "directory") return void (await io.fail(`cannot overwrite directory ${quoted(to)} with non-directory`));
      if (old !== null) {
        if (io.fs.stat(io.path(from)).ino === old.ino && !isDevice(io.path(from))) return void (await io.fail(`${quoted(from)} and ${quoted(to)} are the same file`));
        if (given.has("n") || (given.has("u") && old.mtimeMs >= stat.mtimeMs)) return;
      }
      if (stat.kind === "link") {
        if (lookup(io, to, false) !== null) io.fs.unlink(io.path(to));
        io.fs.symlink(io.fs.readlink(io.path(from)), io.path(to));
      } else if (isDevice(io.path(from)) || isDevice(io.path(to))) {
        const bytes = await io.bytes(io.open(from));
        const stream = io.machine.open(io.path(to), "write", io.fds);
        await stream.write(io.process, bytes);
        stream.release();
      } else copyFile(io, from, to, given.has("a", "p"));
      if (given.has("v")) io.out(`${quoted(from)} -> ${quoted(to)}\n`);
    } catch (error) {
      await io.fail(`cannot create regular file ${quoted(to)}: ${faultOf(error)}`);
    }
  };
  for (const from of operands) await copy(from, folder ? within(into, basename(from)) : into);
  return io.status;
};

const mv: Program = async (io) => {
  const given = await options(io, { short: "finuvTt:b", long: { force: "f", interactive: "i", "no-clobber": "n", update: "u", verbose: "v", "target-directory=": "t", "no-target-directory": "T" } });
  if (given === null) return 2;
  if (given.has("b")) return io.usage("b");
  const where = await destination(io, given);
  if (where === null) return 1;
  const { operands, into, folder } = where;
  for (const from of operands) {
    const to = folder ? within(into, basename(from)) : into;
    const stat = lookup(io, from, false);
    if (stat === null) {
      await io.fail(`cannot stat ${quoted(from)}: No such file or directory`);
      continue;
    }
    const old = lookup(io, to, false);
    if (old !== null && old.ino === stat.ino) {
      await io.fail(`${quoted(from)} and ${quoted(to)} are the same file`);
      continue;
    }
    if (old !== null && (given.has("n") || (given.has("u") && old.mtimeMs >= stat.mtimeMs))) continue;
    if (stat.kind === "directory" && `${io.path(to)}/`.startsWith(`${io.path(from)}/`)) {
      await io.fail(`cannot move ${quoted(from)} to a subdirectory of itself, ${quoted(to)}`);
      continue;
    }
    try {
      io.fs.rename(io.path(from), io.path(to));
      if (given.has("v")) io.out(`renamed ${quoted(from)} -> ${quoted(to)}\n`);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "ENOTDIR") await io.fail(`cannot overwrite non-directory ${quoted(to)} with directory ${quoted(from)}`);
      else if (code === "EISDIR") await io.fail(`cannot overwrite directory ${quoted(to)} with non-directory`);
      else await io.fail(`cannot move ${quoted(from)} to ${quoted(to)}: ${faultOf(error)}`);
    }
  }
  return io.status;
};

const rm: Program = async (io) => {
  const given = await options(io, { short: "dfiIrRv", long: { force: "f", recursive: "r", verbose: "v", dir: "d", interactive: "i", "preserve-root": "root", "no-preserve-root": "noroot", "one-file-system": "one" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return given.has("f") ? 0 : io.fail("missing operand");
  const gone = async (name: string): Promise<void> => {
    const stat = lookup(io, name, false);
    if (stat === null) {
      if (!given.has("f")) await io.fail(`cannot remove ${quoted(name)}: No such file or directory`);
      return;
    }
    try {
      if (stat.kind !== "directory") {
        io.fs.unlink(io.path(name));
        if (given.has("v")) io.out(`removed ${quoted(name)}\n`);
        return;
      }
      if (!given.has("r", "R") && !given.has("d")) return void (await io.fail(`cannot remove ${quoted(name)}: Is a directory`));
      if (given.has("r", "R")) for (const entry of io.fs.readdir(io.path(name)).sort()) await gone(within(name, entry));
      io.fs.rmdir(io.path(name));
      if (given.has("v")) io.out(`removed directory ${quoted(name)}\n`);
    } catch (error) {
      await io.fail(`cannot remove ${quoted(name)}: ${faultOf(error)}`);
    }
  };
  for (const name of given.operands) {
    if (/(^|\/)\.{1,2}\/*$/.test(name)) await io.fail(`refusing to remove '.' or '..' directory: skipping ${quoted(name)}`);
    else if (io.path(name) === "/") await io.fail("it is dangerous to operate recursively on '/'");
    else await gone(name);
  }
  return io.status;
};

const mkdir: Program = async (io) => {
  const given = await options(io, { short: "m:pv", long: { "mode=": "m", parents: "p", verbose: "v" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  const mode = given.value("m") === undefined ? 0o777 & ~io.machine.umask : modeOf(given.value("m")!, 0o777, true);
  if (mode === null) return io.fail(`invalid mode '${given.value("m")}'`);
  for (const name of given.operands) {
    try {
      if (given.has("p")) {
        const missing: string[] = [];
        for (let at = name.replace(/\/+$/, ""); at !== "" && lookup(io, at) === null; at = at.includes("/") ? at.replace(/\/+[^/]*$/, "") : "") missing.unshift(at);
        if (lookup(io, name)?.kind === "file") throw new FileError("EEXIST");
        makeFolders(io.fs, io.path(name));
        if (given.has("m")) io.fs.chmod(io.path(name), mode);
        if (given.has("v")) for (const made of missing) io.out(`mkdir: created directory '${made}'\n`);
      } else {
        io.fs.mkdir(io.path(name.replace(/\/+$/, "")), mode);
        if (given.has("v")) io.out(`mkdir: created directory '${name}'\n`);
      }
    } catch (error) {
      await io.fail(`cannot create directory '${name}': ${faultOf(error)}`);
    }
  }
  return io.status;
};
const rmdir: Program = async (io) => {
  const given = await options(io, { short: "pv", long: { parents: "p", verbose: "v", "ignore-fail-on-non-empty": "ignore" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing operand");
  for (const name of given.operands) {
    for (let at = name.replace(/\/+$/, ""); at !== ""; at = given.has("p") && at.includes("/") ? at.replace(/\/+[^/]*$/, "") : "") {
      try {
        io.fs.rmdir(io.path(at));
        if (given.has("v")) io.out(`rmdir: removing directory, '${at}'\n`);
      } catch (error) {
        if (!(given.has("ignore") && (error as { code?: string }).code === "ENOTEMPTY")) await io.fail(`failed to remove ${at === name ? "" : "directory "}'${at}': ${faultOf(error)}`);
        break;
      }
    }
  }
  return io.status;
};

const touch: Program = async (io) => {
  const given = await options(io, { short: "acd:mr:t:h", long: { "no-create": "c", "date=": "d", "reference=": "r", "time=": "time" } });
  if (given === null) return 2;
  if (given.operands.length === 0) return io.fail("missing file operand");
  let when = Date.now();
  if (given.has("d")) {
    const parsed = parseDate(given.value("d")!, when, io.env.get("TZ"));
    if (parsed === null) return io.fail(`invalid date format '${given.value("d")}'`);
    when = parsed;
  } else if (given.has("r")) {
    const stat = lookup(io, given.value("r")!);
    if (stat === null) return io.fail(`failed to get attributes of '${given.value("r")}': No such file or directory`);
    when = stat.mtimeMs;
  } else if (given.has("t")) {
    const match = /^(\d{2}|\d{4})?(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{2}))?$/.exec(given.value("t")!);
    if (match === null) return io.fail(`invalid date format '${given.value("t")}'`);
    const year = match[1] === undefined ? new Date().getUTCFullYear() : match[1].length === 4 ? Number(match[1]) : Number(match[1]) + (Number(match[1]) < 69 ? 2000 : 1900);
    when = Date.UTC(year, Number(match[2]) - 1, Number(match[3]), Number(match[4]), Number(match[5]), Number(match[6] ?? 0));
  }
  for (const name of given.operands) {
    try {
      if (isDevice(io.path(name))) continue;
      if (lookup(io, name) === null) {
        if (given.has("c")) continue;
        io.fs.open(io.path(name), { create: true, mode: 0o666 & ~io.machine.umask });
      }
      io.fs.utimes(io.path(name), when);
    } catch (error) {
      await io.fail(`cannot touch '${name}': ${faultOf(error)}`);
    }
  }
  return io.status;
};

const ln: Program = async (io) => {
  const given = await options(io, { short: "sfnivTrt:", long: { symbolic: "s", force: "f", verbose: "v", "no-dereference": "n", "no-target-directory": "T", relative: "r" } });
  if (given === null) return 2;
  if (given.has("r", "t")) return io.usage(given.last("r", "t")!);
  const operands = [...given.operands];
  if (operands.length === 0) return io.fail("missing file operand");
  const into = operands.length > 1 ? operands.pop()! : ".";
  const stat = lookup(io, into, !given.has("n"));
  const folder = stat?.kind === "directory" && !given.has("T");
  for (const target of operands) {
    const name = folder ? within(into, basename(target)).replace(/^\.\//, "./") : into;
    try {
      const old = lookup(io, name, false);
      if (old !== null && given.has("f") && old.kind !== "directory") io.fs.unlink(io.path(name));
      if (given.has("s")) io.fs.symlink(target, io.path(name));
      else {
        if (lookup(io, target) === null) {
          await io.fail(`failed to access '${target}': No such file or directory`);
          continue;
        }
        if (lookup(io, target)!.kind === "directory") {
          await io.fail(`${target}: hard link not allowed for directory`);
          continue;
        }
        io.fs.link(io.path(target), io.path(name));
      }
      if (given.has("v")) io.out(`'${name}' ${given.has("s") ? "->" : "=>"} '${target}'\n`);
    } catch (error) {
      await io.fail(`failed to create ${given.has("s") ? "symbolic" : "hard"} link '${name}': ${faultOf(error)}`);
    }
  }
  return io.status;
};

const mktemp: Program = async (io) => {
  const given = await options(io, { short: "dp:qtu", long: { directory: "d", "tmpdir?": "p", quiet: "q", "dry-run": "u", "suffix=": "suffix" } });
  if (given === null) return 2;
  const template = given.operands[0] ?? "tmp.XXXXXXXXXX";
  if (!/X{3,}/.test(template)) return io.fail(`too few X's in template '${template}'`);
  const folder = given.has("p") ? given.value("p") || io.env.get("TMPDIR") || "/tmp" : given.operands[0] === undefined || given.has("t") ? io.env.get("TMPDIR") || "/tmp" : null;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const name = template.replace(/X{3,}(?!.*X{3,})/, (xs) => [...crypto.getRandomValues(new Uint8Array(xs.length))].map((byte) => alphabet[byte % 62]).join("")) + (given.value("suffix") ?? "");
  const path = folder === null ? name : within(folder, name);
  try {
    if (given.has("u")) io.out(`${path}\n`);
    else {
      if (given.has("d")) io.fs.mkdir(io.path(path), 0o700);
      else io.fs.open(io.path(path), { create: true, exclusive: true, mode: 0o600 });
      io.out(`${path}\n`);
    }
  } catch (error) {
    if (given.has("q")) return 1;
    return io.fail(`failed to create ${given.has("d") ? "directory" : "file"} via template '${folder === null ? template : within(folder, template)}': ${faultOf(error)}`);
  }
  return 0;
};

const truncate: Program = async (io) => {
  const given = await options(io, { short: "cs:r:", long: { "size=": "s", "no-create": "c" } });
  if (given === null) return 2;
  const text = given.value("s");
  if (text === undefined) return io.fail("you must specify either '--size' or '--reference'");
  const amount = size(text.replace(/^[-+<>/%]/, ""));
  if (amount === null) return io.fail(`Invalid number: '${text}'`);
  for (const name of given.operands) {
    if (given.has("c") && lookup(io, name) === null) continue;
    const content = io.fs.open(io.path(name), { create: true });
    const now = content.size();
    content.truncate(Math.max(0, text.startsWith("+") ? now + amount : text.startsWith("-") ? now - amount : text.startsWith("<") ? Math.min(now, amount) : text.startsWith(">") ? Math.max(now, amount) : amount));
  }
  return io.status;
};

const install: Program = async (io) => {
  const given = await options(io, { short: "dm:Dvt:", long: { directory: "d", "mode=": "m", verbose: "v" } });
  if (given === null) return 2;
  const mode = modeOf(given.value("m") ?? "755", 0o755, false);
  if (mode === null) return io.fail(`invalid mode '${given.value("m")}'`);
  if (given.has("d")) {
    for (const name of given.operands) {
      makeFolders(io.fs, io.path(name));
      io.fs.chmod(io.path(name), mode);
    }
    return 0;
  }
  const operands = [...given.operands];
  const into = given.value("t") ?? operands.pop();
  if (into === undefined || operands.length === 0) return io.fail("missing file operand");
  for (const from of operands) {
    const to = lookup(io, into)?.kind === "directory" ? within(into, basename(from)) : into;
    if (given.has("D")) makeFolders(io.fs, io.path(to).replace(/\/[^/]*$/, ""));
    try {
      copyFile(io, from, to, false);
      io.fs.chmod(io.path(to), mode);
      if (given.has("v")) io.out(`'${from}' -> '${to}'\n`);
    } catch (error) {
      await io.fail(`cannot stat '${from}': ${faultOf(error)}`);
    }
  }
  return io.status;
};
/** Everybody here is the same user. */
const chown: Program = async (io) => {
  const given = await options(io, { short: "Rhvcf", long: { recursive: "R" } });
  if (given === null) return 2;
  for (const name of given.operands.slice(1)) if (lookup(io, name) === null) await io.fail(`cannot access '${name}': No such file or directory`);
  return io.status;
};

export const files: Record<string, Program> = { cp, mv, rm, mkdir, rmdir, touch, ln, mktemp, truncate, install, chown, chgrp: chown, unlink: rm, sync: () => 0 };
