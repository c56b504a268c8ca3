/** Makes text of whatever a program throws, and keeps the harness out of stack traces. It never throws, however hostile the value. */
import { ERROR_TEXT_CHARS_MAX } from "../../../limits.js";
import { exec, slice, stringify, textOf, toWellFormed, uncurryThis } from "../../../isolate/primordials.js";
import { SESSION_PREFIX } from "../program.js";
import { WRAPPER } from "../transform.js";

const split = uncurryThis(String.prototype.split as (separator: string) => string[]);
const startsWith = uncurryThis(String.prototype.startsWith);
const includes = uncurryThis(String.prototype.includes);

const FRAME_OF_PROGRAM = /^(.*?)\(?session\/(.+?):(\d+):(\d+)\)?$/;
const WRAPPER_NAME = new RegExp(`^(async )?[\\w.]*${WRAPPER}( \\[as \\w+\\])? $`);
const POSITION = /^\s+at (?:.*\()?(.+?):(\d+):(\d+)\)?$/m;

let shiftOf: (file: string) => number | undefined = () => undefined;
let nameOf: (label: string) => string = (label) => label;

/** One line of a stack: the user's frame with its own file name and column, a native frame between them, or null for the harness. */
function cleanFrame(frame: string, ours: boolean): string | null {
  const match = exec(FRAME_OF_PROGRAM, frame);
  if (match === null) {
    if (includes(frame, "collab-") || includes(frame, `${WRAPPER}.next`) || includes(frame, "collab/")) return null;
    return ours ? frame : null;
  }
  const caller = match[1] as string;
  const file = nameOf(match[2] as string);
  const line = match[3] as string;
  let column = +(match[4] as string);
  if (line === "1") column = column > (shiftOf(file) ?? 0) ? column - (shiftOf(file) ?? 0) : 1;
  const place = `${file}:${line}:${column}`;
  return caller === "" || caller === "eval " || caller === "async " || exec(WRAPPER_NAME, caller) !== null ? place : `${caller}(${place})`;
}

function header(error: unknown): string {
  try {
    const { name, message } = error as Error;
    const title = name === undefined ? "Error" : textOf(name);
    const text = message === undefined ? "" : textOf(message);
    return title === "" ? text : text === "" ? title : `${title}: ${text}`;
  } catch {
    return "Error";
  }
}

/** V8 asks this for every `error.stack`, so what programs print themselves is clean as well. */
export function installStackCleaner(shift: (file: string) => number | undefined, name: (label: string) => string): void {
  shiftOf = shift;
  nameOf = name;
  const prepare = (error: Error, sites: unknown[]): string => {
    let out = header(error);
    let lastOurs = -1;
    const frames: string[] = [];
    for (let at = 0; at < sites.length; at += 1) {
      frames[at] = textOf(sites[at]);
      if (includes(frames[at] as string, SESSION_PREFIX)) lastOurs = at;
    }
    for (let at = 0; at < frames.length; at += 1) {
      const frame = cleanFrame(frames[at] as string, at < lastOurs);
      if (frame !== null) out += `\n    at ${frame}`;
    }
    return out;
  };
  Object.defineProperty(Error, "prepareStackTrace", { value: prepare, writable: true, configurable: true, enumerable: false });
  Object.assign(Error, { stackTraceLimit: 30 });
}

function capped(text: string): string {
  return toWellFormed(text.length > ERROR_TEXT_CHARS_MAX ? `${slice(text, 0, ERROR_TEXT_CHARS_MAX - 1)}…` : text);
}

function read(value: unknown, key: string): string | undefined {
  try {
    const found = (value as Record<string, unknown>)[key];
    return typeof found === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}

/** `class Oops extends Error` is told by its class, although its `name` says Error. */
function className(value: unknown): string | undefined {
  try {
    const name = read((value as object).constructor, "name");
    return name !== undefined && exec(/^[A-Za-z_$][\w$]*$/, name) !== null && name !== "Object" ? name : undefined;
  } catch {
    return undefined;
  }
}

let show: (value: unknown) => string = textOf;
/** How to print a thrown value that is no error; util.inspect once it is there. */
export function printThrownWith(inspect: (value: unknown) => string): void {
  show = inspect;
}

function isErrorLike(value: unknown): boolean {
  try {
    return value instanceof Error || (typeof value === "object" && value !== null && typeof (value as Error).message === "string" && typeof (value as Error).stack === "string");
  } catch {
    return false;
  }
}

/** The error of a finished frame as JSON text. */
export function describe(thrown: unknown): string {
  let type = "Error";
  let message = "";
  let stack = "";
  if (isErrorLike(thrown)) {
    type = read(thrown, "name") || "Error";
    if (type === "Error") type = className(thrown) ?? type;
    message = read(thrown, "message") ?? "";
    stack = read(thrown, "stack") ?? `${type}: ${message}`;
    // The stack was taken when the error was made; what it says of the name and the message may have changed since.
    if (!startsWith(stack, type) && startsWith(stack, "Error")) stack = type + slice(stack, 5);
  } else {
    try {
      message = `Uncaught ${show(thrown)}`;
    } catch {
      message = "Uncaught value that cannot be shown";
    }
    stack = message;
  }
  let place = "";
  const lines = split(stack, "\n");
  for (let at = 0; at < lines.length && place === ""; at += 1) {
    const match = exec(POSITION, lines[at] as string);
    if (match !== null && shiftOf(match[1] as string) !== undefined) place = `,"line":${+(match[2] as string)},"file":${stringify(match[1])}`;
  }
  return `{"type":${stringify(capped(type))},"message":${stringify(capped(message))},"stack":${stringify(capped(stack))}${place}}`;
}
