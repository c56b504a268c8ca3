/** Carries out redirections on a shell's descriptors, and undoes them. */
import { encode } from "./bytes.js";
import { faultOf } from "./files.js";
import type { Shell } from "./shell.js";
import { BytesStream, type Stream } from "./streams.js";
import { isDevice } from "./machine.js";
import type { Redirection } from "./syntax/ast.js";
import { ExpansionFault, settle } from "./words.js";

export type Undo = () => void;

/** Null when one could not be done; it has been said. */
export async function applied(shell: Shell, redirections: readonly Redirection[]): Promise<Undo | null> {
  const saved: { fd: number; stream: Stream | undefined }[] = [];
  const undo = (): void => {
    for (const { fd, stream } of saved.reverse()) {
      if (stream === undefined) shell.fds.close(fd);
      else shell.fds.set(fd, stream);
    }
  };
  const set = (fd: number, stream: Stream | null): void => {
    saved.push({ fd, stream: shell.fds.get(fd)?.hold() });
    if (stream === null) shell.fds.close(fd);
    else shell.fds.set(fd, stream);
  };
  try {
    for (const redirection of redirections) {
      const said = await apply(shell, redirection, set);
      if (said === null) continue;
      await shell.error(said);
      undo();
      return null;
    }
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}

/** What went wrong, or null. */
async function apply(shell: Shell, redirection: Redirection, set: (fd: number, stream: Stream | null) => void): Promise<string | null> {
  const { op } = redirection;
  let fd = redirection.fd ?? (op.startsWith("<") ? 0 : 1);
  if (op === "<<" || op === "<<<") {
    const made = settle(shell.expander.text(redirection.target));
    const text = made instanceof Promise ? await made : made;
    fd = named(shell, redirection, fd);
    set(fd, new BytesStream(encode(op === "<<<" ? `${text}\n` : text)));
    return null;
  }
  const made = settle(shell.expander.fields([redirection.target]));
  const fields = made instanceof Promise ? await made : made;
  if (fields.length !== 1) return `${source(redirection)}: ambiguous redirect`;
  const target = fields[0]!;
  if (op === "<&" || op === ">&") {
    if (target === "-") {
      if (redirection.variable !== undefined) fd = Number(shell.value(redirection.variable));
      set(fd, null);
      return null;
    }
    const number = /^(\d+)(-?)$/.exec(target);
    if (number !== null) {
      const stream = shell.fds.get(Number(number[1]));
      if (stream === undefined) return `${target}: Bad file descriptor`;
      fd = named(shell, redirection, fd);
      set(fd, stream.hold());
      if (number[2] === "-") set(Number(number[1]), null);
      return null;
    }
    if (op === "<&" || redirection.fd !== undefined) return `${target}: ambiguous redirect`;
  }
  const path = target === "" ? "" : shell.path(target) + (target.endsWith("/") ? "/" : "");
  try {
    if (target === "") return ": No such file or directory";
    const mode: Parameters<Shell["machine"]["open"]>[1] = op === "<" ? "read" : op === "<>" ? "both" : op === ">>" || op === "&>>" ? "append" : "write";
    if (mode === "write" && op !== ">|" && shell.options.has("noclobber") && !isDevice(path) && exists(shell, path)) return `${target}: cannot overwrite existing file`;
    const stream = shell.machine.open(path, mode, shell.fds);
    fd = named(shell, redirection, fd);
    set(fd, stream);
    if (op === "&>" || op === "&>>" || op === ">&") set(2, stream.hold());
    return null;
  } catch (error) {
    if (error instanceof ExpansionFault) throw error;
    return `${target}: ${faultOf(error)}`;
  }
}
function exists(shell: Shell, path: string): boolean {
  try {
    return shell.machine.fs.stat(path).kind === "file";
  } catch {
    return false;
  }
}
function named(shell: Shell, redirection: Redirection, fd: number): number {
  if (redirection.variable === undefined) return fd;
  const free = shell.fds.free();
  shell.assign(redirection.variable, null, String(free));
  return free;
}
const source = (redirection: Redirection): string => redirection.target.parts.map((part) => (part.t === "param" ? `$${part.name}` : "s" in part ? part.s : part.t === "dq" ? "" : "…")).join("");
