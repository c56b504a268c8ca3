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
  /** Of the session's own files, as the program saw them: modules made from others are not used again. */
  session: string;
}

export function facts({ module, api }: Interpreter): Omit<Facts, "session"> {
  return { top: module._sbrk(0), dict: module.PyProxy_getPtr(api.runPythonInternal_dict), objects: objects(module) };
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

export function wake(python: Interpreter, { meta, body }: { meta: unknown; body: Uint8Array }): Facts {
  const { module, image } = python;
  const kept = meta as Facts;
  const now = facts(python);
  if (image === null || kept.dict !== now.dict) throw new Error("the kept memory belongs to another interpreter");
  // Growing is the interpreter's own affair; what its allocator notes of it is overwritten with the rest.
  if (kept.top > now.top && module._sbrk(kept.top - now.top) === -1) throw new Error("the environment alone needs more memory than this run may use");
  image.restore(module.HEAPU8, module._sbrk(0));
  apply(body, module.HEAPU8);
  // Python's references to objects of the isolate that is gone lead to nothing, but somewhere.
  for (let at = now.objects; at < kept.objects; at += 1) module.__hiwire_set(at, Object.freeze({}));
  return kept;
}

export function sessionDigest(session: ReadonlyMap<string, Uint8Array>): string {
  return [...session].filter(([name]) => name.endsWith(".py")).map(([name, bytes]) => `${name} ${sha256(bytes)}`).sort().join("\n");
}
