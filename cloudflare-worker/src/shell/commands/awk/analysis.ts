/** A look at a whole awk program before it runs. */
import type { AwkProgram, Expr, Func } from "./tree.js";

/** Finds out which parts may have to wait, and which parameters are arrays. */
export function analyse(program: AwkProgram): void {
  const children = (node: object): object[] => Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value.filter((item): item is object => typeof item === "object" && item !== null) : typeof value === "object" && value !== null && !(value instanceof Set) ? [value] : []));
  const waits = (node: object): boolean => {
    const { t, name, to } = node as { t?: string; name?: string; to?: unknown };
    let found = t === "getline" || (t === "builtin" && (name === "system" || name === "close" || name === "fflush")) || (t === "print" && to !== null) || (t === "call" && program.functions.get(name!)?.waits === true);
    for (const child of children(node)) found = waits(child) || found;
    if (t !== undefined && found) (node as { waits?: boolean }).waits = true;
    return found;
  };
  const arrays = (fn: Func, node: object): void => {
    const { t, name, array, args } = node as { t?: string; name?: string; array?: string; args?: Expr[]; keys?: unknown };
    const mark = (used: string | undefined): void => {
      const at = used === undefined ? -1 : fn.params.indexOf(used);
      if (at >= 0) fn.arrays.add(at);
    };
    if (t === "index" || t === "in" || t === "delete") mark(name);
    if (t === "forin") mark(array);
    if (t === "builtin" && name === "split" && args?.[1]?.t === "var") mark(args[1].name);
    if (t === "builtin" && name === "match" && args?.[2]?.t === "var") mark(args[2].name);
    if (t === "call") program.functions.get(name!)?.arrays.forEach((at) => { const arg = args?.[at]; if (arg?.t === "var") mark(arg.name); });
    for (const child of children(node)) arrays(fn, child);
  };
  for (let before = -1, now = 0; before !== now; ) {
    before = now;
    for (const fn of program.functions.values()) {
      fn.waits = waits(fn.body) || fn.waits;
      arrays(fn, fn.body);
    }
    now = [...program.functions.values()].reduce((sum, fn) => sum + fn.arrays.size + Number(fn.waits), 0);
  }
  for (const rule of program.rules) waits(rule);
}
