/** Functions in a run's context: `{"$function": "(x) => x * 2"}` is source text, compiled by the same rewrite as the session's files. */
import type { Json } from "../../wire.js";
import { SourceError, transform } from "./transform.js";

/** The source text when the value is a function in disguise. */
export function functionSource(value: Json): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const source = value.$function;
  return typeof source === "string" && Object.keys(value).length === 1 ? source : null;
}

/** All function sources of a context in the order in which a depth-first walk meets them; the isolate walks the same way. */
export function functionSources(context: { [name: string]: Json }): string[] {
  const found: string[] = [];
  const visit = (value: Json): void => {
    if (typeof value !== "object" || value === null) return;
    const source = functionSource(value);
    if (source !== null) found.push(source);
    else for (const item of Array.isArray(value) ? value : Object.values(value)) visit(item);
  };
  for (const value of Object.values(context)) visit(value);
  return found;
}

/** A function expression that makes an array of the context's functions, or null when there are none. Throws SourceError. */
export function contextCode(context: { [name: string]: Json }): string | null {
  const sources = functionSources(context);
  if (sources.length === 0) return null;
  for (const source of sources) {
    // Alone it must be one expression: nothing may close the list it is put into.
    transform(`(${source}\n)`, "context.cjs", "file");
    if (/^\s*$/.test(source)) throw new SourceError("an empty $function", 1, 0);
  }
  return transform(`return [${sources.map((source) => `(${source}\n)`).join(",")}]`, "context.cjs", "file").code;
}
