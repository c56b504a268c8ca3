/** The interpreter's memory at rest and woken again: everything that Python knows lies in it, but for what JavaScript holds by its address.
 * Between two runs no call is under way, so that the same build at the same addresses goes on where the last one stopped. */

import { sha256 } from "../../../isolate/digest.js";
import { apply } from "../../../isolate/heap.js";
import type { Interpreter } from "./boot.js";

/** `top`: the end of what is in use. `dict`: where JavaScript's own way into the interpreter lies. `objects`: how many of JavaScript's it counts. */
export interface Facts {
  top: number;
  dict: number;
  objects: number;
  /** Names that Python has given JavaScript for good, in the order in which it needed them: it knows them by their place. */
  names: (string | null)[];
  /** Of the session's own files, as the program saw them: modules made from others are not used again. */
  session: string;
}

export function facts({ module, api }: Interpreter): Omit<Facts, "session"> {
  return { top: module._sbrk(0), dict: module.PyProxy_getPtr(api.runPythonInternal_dict), objects: objects(module), names: names(module) };
}

function names(module: Interpreter["module"]): (string | null)[] {
  const found: (string | null)[] = [];
  for (;;) {
    try {
      const name: unknown = module.__hiwire_immortal_get(found.length);
      found.push(typeof name === "string" ? name : null);
    } catch {
      return found;
    }
  }
}

function objects(module: Interpreter["module"]): number {
  for (let count = 0; ; count += 1) {
    try {
      module.__hiwire_get(count);
    } catch {
      return count;
    }
  }
}

/** Null when it would take more than so many bytes. */
export function rest({ module, image }: Interpreter, bytesMax: number): Uint8Array | null {
  return image === null ? null : image.difference(module.HEAPU8, bytesMax);
}

/** Null, and nothing is changed, when the memory cannot be this interpreter's. */
export function wake(python: Interpreter, { meta, body }: { meta: unknown; body: Uint8Array }): Facts | null {
  const { module, image } = python;
  const kept = meta as Facts;
  const now = facts(python);
  const same = Math.min(now.names.length, kept.names.length);
  if (image === null || kept.dict !== now.dict || now.names.slice(0, same).some((name, at) => name !== kept.names[at])) return null;
  // Growing is the interpreter's own affair; what its allocator notes of it is overwritten with the rest.
  if (kept.top > now.top && module._sbrk(kept.top - now.top) === -1) throw new Error("the environment alone needs more memory than this run may use");
  image.restore(module.HEAPU8, module._sbrk(0));
  apply(body, module.HEAPU8);
  // Python's references to objects of the isolate that is gone lead to nothing, but somewhere.
  for (let at = now.objects; at < kept.objects; at += 1) module.__hiwire_set(at, Object.freeze({}));
  module.known?.clear();
  for (const name of kept.names.slice(same)) module.__hiwire_immortal_add(name);
  return kept;
}

export function sessionDigest(session: ReadonlyMap<string, Uint8Array>): string {
  return [...session].filter(([name]) => name.endsWith(".py")).map(([name, bytes]) => `${name} ${sha256(bytes)}`).sort().join("\n");
}
