/**
 * Judges what an isolate says: each line is parsed, checked, rebuilt from known fields and capped, so nothing but a well-formed frame
 * in the right order ever leaves. The isolate numbers its frames (they may also go out on the process's stdout); here the number is only verified.
 */
import type { Artifact, Json, Kept } from "./generated/events.js";
import * as limits from "./limits.js";
import { type Frame, isObject, LEVELS, type Level, nameFault, type ProgramError, type Run, type Said, type Stream } from "./wire.js";

/** The isolate broke the rules of the wire: its word is no longer taken. */
export class Breach extends Error {}

const encoder = new TextEncoder();
const DIGEST = /^[0-9a-f]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MIME = /^[a-z]+\/[a-z0-9.+-]+$/;
/** Bytes that are no text become a replacement character of three bytes each. */
const REPLACEMENT_FACTOR = 3;

function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

function text(value: unknown, charsMax: number): string {
  if (typeof value !== "string") throw new Breach("a text is missing");
  return (value.length > charsMax ? value.slice(0, charsMax) : value).toWellFormed();
}

function stream(value: unknown): Stream {
  if (value !== "stdout" && value !== "stderr") throw new Breach("an unknown stream");
  return value;
}

function whole(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new Breach("a number is missing");
  return value;
}

function programError(value: unknown): ProgramError {
  if (!isObject(value)) throw new Breach("an error that is none");
  const error: ProgramError = {
    type: text(value.type, 256),
    message: text(value.message, limits.ERROR_TEXT_CHARS_MAX),
    stack: text(value.stack, limits.ERROR_TEXT_CHARS_MAX),
  };
  if (typeof value.line === "number" && Number.isSafeInteger(value.line) && value.line > 0) error.line = value.line;
  if (typeof value.file === "string" && nameFault(value.file) === null) error.file = value.file;
  return error;
}

export class Relay {
  #last = 0;
  #outputBytes = 0;
  #artifactChars = 0;
  #stateChars = 0;
  readonly #run: Run;
  finished = false;

  constructor(run: Run) {
    this.#run = run;
  }

  /** No line may be longer than what the run's allowances can possibly fill (a character may take six bytes in JSON). */
  get lineBytesMax(): number {
    return limits.FRAME_OVERHEAD_BYTES_MAX + 6 * Math.max(this.#run.outputBytesMax, limits.RESULT_CHARS_MAX) + 2 * this.#run.artifactBytesMax;
  }

  /** One line of the isolate → one frame. Throws Breach. */
  receive(line: string): Frame {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new Breach("a line that is not JSON");
    }
    if (!isObject(value)) throw new Breach("a line that is no frame");
    if (this.finished) throw new Breach("a frame after the last");
    if (value.n !== this.#last + 1) throw new Breach("a frame out of order");
    const said = this.#said(value);
    this.#last += 1;
    return { n: this.#last, ...said };
  }

  /** A frame of our own: an answer without an isolate, or the end of an isolate that did not say its last word. */
  say(said: Said): Frame {
    this.#last += 1;
    if (said.type === "finished") this.finished = true;
    return { n: this.#last, ...said };
  }

  #said(value: Record<string, unknown>): Said {
    switch (value.type) {
      case "output": {
        const said: Said = { type: "output", stream: stream(value.stream), text: text(value.text, Number.POSITIVE_INFINITY) };
        if (LEVELS.includes(value.level as Level)) said.level = value.level as Level;
        this.#spend(utf8Bytes(said.text));
        return said;
      }
      case "truncated":
        this.#spend(0);
        return { type: "truncated", stream: stream(value.stream), bytes: Math.max(0, whole(value.bytes)) };
      case "input":
        this.#spend(0);
        return { type: "input", prompt: text(value.prompt, limits.PROMPT_CHARS_MAX) };
      case "display":
        return { type: "display", mime: this.#mime(value.mime) };
      case "state":
        return this.#state(value.base64);
      case "finished":
        return this.#finish(value);
      default:
        throw new Breach("a frame of an unknown type");
    }
  }

  #spend(bytes: number): void {
    this.#outputBytes += bytes;
    if (this.#outputBytes > REPLACEMENT_FACTOR * this.#run.outputBytesMax + limits.FRAME_OVERHEAD_BYTES_MAX) throw new Breach("more output than allowed");
  }

  #mime(value: unknown): Record<string, Json> {
    if (!isObject(value)) throw new Breach("a display without data");
    const mime: Record<string, Json> = {};
    for (const [name, data] of Object.entries(value)) {
      if (!MIME.test(name)) throw new Breach("a display of an unknown kind");
      const kept = typeof data === "string" ? text(data, limits.DISPLAY_CHARS_MAX) : (data as Json);
      this.#spend(typeof kept === "string" ? utf8Bytes(kept) : JSON.stringify(kept).length);
      mime[name] = kept;
    }
    return mime;
  }

  #state(base64: unknown): Said {
    const { environment } = this.#run;
    if (environment === undefined || typeof base64 !== "string" || !BASE64.test(base64)) throw new Breach("a state that was not asked for");
    this.#stateChars += base64.length;
    if (this.#stateChars > 4 * Math.ceil(environment.bytesMax / 3)) throw new Breach("more state than allowed");
    return { type: "state", base64 };
  }

  #kept(value: unknown): Kept {
    if (!isObject(value) || !Array.isArray(value.variables) || !Array.isArray(value.files)) throw new Breach("a state without its contents");
    if (value.variables.length > limits.VARIABLES_COUNT_MAX || value.files.length > limits.STATE_FILES_MAX) throw new Breach("too many names in a state");
    const variables = value.variables.map((item: unknown) => {
      if (!isObject(item)) throw new Breach("a variable that is none");
      return { name: text(item.name, limits.VARIABLE_NAME_CHARS_MAX), type: text(item.type, limits.VARIABLE_NAME_CHARS_MAX), repr: text(item.repr, limits.VARIABLE_TEXT_CHARS_MAX) };
    });
    const files = value.files.map((item: unknown) => {
      if (!isObject(item) || typeof item.name !== "string" || nameFault(item.name) !== null) throw new Breach("a kept file without a proper name");
      return { name: item.name, size: Math.max(0, whole(item.size)) };
    });
    return { variables, files };
  }

  #finish(value: Record<string, unknown>): Said {
    const exitCode = whole(value.exitCode) & 0xff;
    const listed: unknown = value.artifacts ?? [];
    if (!Array.isArray(listed) || listed.length > limits.ARTIFACTS_COUNT_MAX) throw new Breach("too many artifacts");
    const said: Said = { type: "finished", exitCode, artifacts: listed.map((item) => this.#artifact(item)) };
    if (value.result !== undefined && JSON.stringify(value.result).length <= 2 * limits.RESULT_CHARS_MAX) said.result = value.result as Json;
    if (value.error !== undefined && value.error !== null) said.error = programError(value.error);
    if (this.#stateChars > 0) said.kept = this.#kept(value.kept);
    this.finished = true;
    return said;
  }

  #artifact(value: unknown): Artifact {
    if (!isObject(value) || typeof value.name !== "string" || nameFault(value.name) !== null) throw new Breach("an artifact without a proper name");
    const { change } = value;
    if (change !== "created" && change !== "changed" && change !== "deleted") throw new Breach("an artifact of an unknown change");
    const digest = change === "deleted" && value.digest === "" ? "" : text(value.digest, 64);
    if (digest !== "" && !DIGEST.test(digest)) throw new Breach("an artifact without a digest");
    const artifact: Artifact = { name: value.name, change, size: Math.max(0, whole(value.size)), digest };
    if (typeof value.base64 === "string") {
      this.#artifactChars += value.base64.length;
      if (!BASE64.test(value.base64) || this.#artifactChars > 2 * this.#run.artifactBytesMax) throw new Breach("an artifact's content that is not acceptable");
      artifact.base64 = value.base64;
    }
    return artifact;
  }
}
