/** Texts that jq makes of values, and what regular expressions find in them. */
import { JqFault, shown, text, type Value } from "./values.js";

export const asText = (value: Value): string => (typeof value === "string" ? value : text(value, "", false));
export function formatted(name: string, value: Value): Value {
  const row = (): Value[] => {
    if (!Array.isArray(value)) throw new JqFault(`${shown(value)} cannot be ${name === "@csv" ? "csv" : "tsv"}-formatted, only an array can be`);
    return value;
  };
  const cell = (item: Value): void => { if (Array.isArray(item) || item instanceof Map) throw new JqFault(`${shown(item)} is not valid in a csv row`); };
  switch (name) {
    case "@text": return asText(value);
    case "@json": return text(value, "", false);
    case "@csv": return row().map((item) => { cell(item); return typeof item === "string" ? `"${item.replaceAll('"', '""')}"` : item === null ? "" : asText(item); }).join(",");
    case "@tsv": return row().map((item) => { cell(item); return item === null ? "" : asText(item).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r"); }).join("\t");
    case "@html": return asText(value).replace(/[<>&'"]/g, (char) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&quot;" })[char]!);
    case "@uri": return encodeURIComponent(asText(value)).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    case "@sh": return (Array.isArray(value) ? value : [value]).map((item) => (typeof item === "string" ? `'${item.replaceAll("'", "'\\''")}'` : asText(item))).join(" ");
    case "@base64": return btoa(String.fromCharCode(...new TextEncoder().encode(asText(value))));
    case "@base64d": return new TextDecoder().decode(Uint8Array.from(atob(asText(value)), (char) => char.charCodeAt(0)));
    default: throw new JqFault(`${name.slice(1)} is not a valid format`);
  }
}

export function compiled(re: Value, flags: Value): RegExp {
  const [pattern, more] = Array.isArray(re) ? [re[0], re[1] ?? flags] : [re, flags];
  if (typeof pattern !== "string") throw new JqFault(`${shown(pattern ?? null)} cannot be matched, as it is not a string`);
  const given = typeof more === "string" ? more : "";
  for (const flag of given) if (!"gimsxnl".includes(flag)) throw new JqFault(`${given} is not a valid modifier string`);
  try {
    return new RegExp(given.includes("x") ? pattern.replace(/\s+|#.*/g, "") : pattern, `du${given.includes("g") ? "g" : ""}${given.includes("i") ? "i" : ""}${given.includes("s") ? "s" : ""}`);
  } catch {
    throw new JqFault(`${pattern} (at offset 0) is not a valid regex`);
  }
}
const chars = (subject: string, at: number): number => [...subject.slice(0, at)].length;
export function matches(subject: Value, re: Value, flags: Value): { match: RegExpExecArray; subject: string }[] {
  if (typeof subject !== "string") throw new JqFault(`${shown(subject)} cannot be matched, as it is not a string`);
  const regex = compiled(re, flags);
  if (regex.global) return [...subject.matchAll(regex)].map((match) => ({ match: match as RegExpExecArray, subject }));
  const match = regex.exec(subject);
  return match === null ? [] : [{ match, subject }];
}
export function described({ match, subject }: { match: RegExpExecArray; subject: string }): Value {
  const names = Object.entries(match.groups ?? {}).map(([name]) => name);
  const spans = (match as unknown as { indices: ([number, number] | undefined)[] & { groups?: Record<string, [number, number]> } }).indices;
  const captures = match.slice(1).map((group, at): Value => {
    const span = spans[at + 1];
    const name = names.find((own) => spans.groups?.[own]?.[0] === span?.[0] && spans.groups?.[own]?.[1] === span?.[1] && match.groups?.[own] === group) ?? null;
    return new Map<string, Value>([["offset", span === undefined ? -1 : chars(subject, span[0])], ["length", group === undefined ? 0 : [...group].length], ["string", group ?? null], ["name", name]]);
  });
  return new Map<string, Value>([["offset", chars(subject, match.index)], ["length", [...match[0]].length], ["string", match[0]], ["captures", captures]]);
}
