/** What operators make of two values. */
import { JqFault, type JsonObject, kind, order, shown, type Value } from "./values.js";

export function binary(op: string, a: Value, b: Value): Value {
  switch (op) {
    case "==": return order(a, b) === 0;
    case "!=": return order(a, b) !== 0;
    case "<": return order(a, b) < 0;
    case "<=": return order(a, b) <= 0;
    case ">": return order(a, b) > 0;
    case ">=": return order(a, b) >= 0;
    case "+":
      if (a === null) return b;
      if (b === null) return a;
      if (typeof a === "number" && typeof b === "number") return a + b;
      if (typeof a === "string" && typeof b === "string") return a + b;
      if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
      if (a instanceof Map && b instanceof Map) return new Map([...a, ...b]);
      break;
    case "-":
      if (typeof a === "number" && typeof b === "number") return a - b;
      if (Array.isArray(a) && Array.isArray(b)) return a.filter((item) => !b.some((other) => order(item, other) === 0));
      break;
    case "*":
      if (typeof a === "number" && typeof b === "number") return a * b;
      if (typeof a === "string" && typeof b === "number") return b <= 0 ? null : a.repeat(Math.max(1, Math.ceil(b)));
      if (typeof a === "number" && typeof b === "string") return binary(op, b, a);
      if (a instanceof Map && b instanceof Map) return merged(a, b);
      break;
    case "/":
      if (typeof a === "number" && typeof b === "number") {
        if (b === 0) throw new JqFault(`${shown(a)} and ${shown(b)} cannot be divided because the divisor is zero`);
        return a / b;
      }
      if (typeof a === "string" && typeof b === "string") return a === "" ? [] : a.split(b);
      break;
    case "%":
      if (typeof a === "number" && typeof b === "number") {
        if (Math.trunc(b) === 0) throw new JqFault(`${shown(a)} and ${shown(b)} cannot be divided because the divisor is zero`);
        return Math.trunc(a) % Math.abs(Math.trunc(b));
      }
  }
  throw new JqFault(`${shown(a)} and ${shown(b)} cannot be ${{ "+": "added", "-": "subtracted", "*": "multiplied", "/": "divided", "%": "divided" }[op]}`);
}
function merged(a: JsonObject, b: JsonObject): JsonObject {
  const made = new Map(a);
  for (const [key, value] of b) {
    const old = made.get(key);
    made.set(key, old instanceof Map && value instanceof Map ? merged(old, value) : value);
  }
  return made;
}
export function indices(value: Value, wanted: Value): Value {
  if (value === null) return null;
  if (typeof value === "string" && typeof wanted === "string") {
    const found: Value[] = [];
    for (let at = value.indexOf(wanted); at >= 0 && wanted !== ""; at = value.indexOf(wanted, at + 1)) found.push([...value.slice(0, at)].length);
    return found;
  }
  if (!Array.isArray(value)) throw new JqFault(`Cannot determine indices of ${kind(value)}`);
  const list = Array.isArray(wanted) ? wanted : [wanted];
  return value.flatMap((_, at) => (list.length > 0 && list.every((item, offset) => at + offset < value.length && order(value[at + offset]!, item) === 0) ? [at] : []));
}
export function contains(a: Value, b: Value): boolean {
  if (a instanceof Map && b instanceof Map) return [...b].every(([key, value]) => a.has(key) && contains(a.get(key)!, value));
  if (Array.isArray(a) && Array.isArray(b)) return b.every((item) => a.some((other) => contains(other, item)));
  if (typeof a === "string" && typeof b === "string") return a.includes(b);
  if (kind(a) !== kind(b)) throw new JqFault(`${shown(a)} and ${shown(b)} cannot have their containment checked`);
  return order(a, b) === 0;
}
