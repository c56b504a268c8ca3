/** What a checked document is told: messages with a place, how they are printed, and what they make of the run. */
import type { Ending, World } from "../../isolate/guest.js";

export interface Message {
  file: string;
  line: number;
  column: number;
  severity: "error" | "warning";
  rule: string;
  message: string;
}

export interface Place {
  line: number;
  column: number;
}

export function placeOf(source: string, at: number): Place {
  const before = source.slice(0, at);
  const newline = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: at - newline };
}

const MESSAGES_MAX = 500;

const shown = ({ file, line, column, severity, rule, message }: Message): string => `${file}:${line}:${column}: ${severity}: ${message} (${rule})`;

/** Errors go to stderr and fail the run, warnings to stdout; all of them are the result. */
export function report(found: readonly Message[], entry: string, world: World): Ending {
  const messages = [...found].sort((a, b) => Number(b.file === entry) - Number(a.file === entry) || a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column).slice(0, MESSAGES_MAX);
  for (const message of messages) world.text(message.severity === "error" ? "stderr" : "stdout", `${shown(message)}\n`);
  if (found.length > messages.length) world.text("stdout", `${found.length - messages.length} more messages\n`);
  if (found.length === 0) world.text("stdout", "no problems found\n");
  const errors = messages.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first === undefined) return { exitCode: 0, result: messages };
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return { exitCode: 1, result: messages, error: { type: "ValidationError", message: first.message + more, stack: errors.map(shown).join("\n"), line: first.line, file: first.file } };
}
