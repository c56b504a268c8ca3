/** Rows as text, as the sqlite3 shell prints them, and as an HTML table. Pure: data in, text out. */

export type Value = null | string | number | bigint | Uint8Array;
export type Row = readonly Value[];
export const MODES = ["list", "tabs", "csv", "column", "table", "markdown", "box", "json", "line", "quote"] as const;
export type Mode = (typeof MODES)[number];

export interface Style {
  mode: Mode;
  headers: boolean;
  separator: string;
  nullvalue: string;
}

const EXPONENT_MIN = -5;
const DIGITS = 15;

/** SQLite's "%!.15g": always with a point, so that a real is not mistaken for an integer. */
export function real(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "" : value > 0 ? "Inf" : "-Inf";
  if (value === 0) return "0.0";
  const [mantissa = "", power = "0"] = value.toExponential(DIGITS - 1).split("e");
  const exponent = Number(power);
  if (exponent < EXPONENT_MIN + 1 || exponent >= DIGITS) {
    const short = mantissa.replace(/0+$/, "").replace(/\.$/, ".0");
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${short.includes(".") ? short : `${short}.0`}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const plain = value.toFixed(Math.min(100, Math.max(0, DIGITS - 1 - exponent)));
  return plain.includes(".") ? plain.replace(/0+$/, "").replace(/\.$/, ".0") : `${plain}.0`;
}

const decoder = new TextDecoder();
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function shown(value: Value, nullvalue = ""): string {
  if (value === null) return nullvalue;
  if (typeof value === "number") return real(value);
  if (typeof value === "object") return decoder.decode(value);
  return String(value);
}

export function quoted(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === "object") return `X'${hex(value)}'`;
  return shown(value);
}

/** A value for JSON: whole numbers that JSON cannot carry become text, bytes become SQLite's own literal. */
export function jsonOf(value: Value): unknown {
  if (typeof value === "bigint") return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  return value instanceof Uint8Array ? quoted(value) : value;
}

function csv(text: string): string {
  return /["\r\n,' ]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Names that can be keys: a name that comes twice gets a number. */
export function keysOf(columns: readonly string[]): string[] {
  const seen = new Set<string>();
  return columns.map((column) => {
    let key = column;
    for (let count = 1; seen.has(key); count += 1) key = `${column}:${count}`;
    seen.add(key);
    return key;
  });
}

/** Prints a result set row by row where the mode allows it, else at its end. */
export class Printer {
  readonly #style: Style;
  readonly #columns: readonly string[];
  readonly #print: (text: string) => void;
  readonly #held: string[][] = [];
  #count = 0;

  constructor(style: Style, columns: readonly string[], print: (text: string) => void) {
    this.#style = style;
    this.#columns = columns;
    this.#print = print;
  }

  row(row: Row): void {
    const { mode, headers, separator, nullvalue } = this.#style;
    const first = this.#count === 0;
    this.#count += 1;
    const joined = (between: string, encode: (value: Value) => string, head: (name: string) => string, end = "\n") => {
      if (first && headers) this.#print(this.#columns.map(head).join(between) + end);
      this.#print(row.map(encode).join(between) + end);
    };
    switch (mode) {
      case "list": joined(separator, (value) => shown(value, nullvalue), (name) => name); break;
      case "tabs": joined("\t", (value) => shown(value, nullvalue), (name) => name); break;
      case "csv": joined(",", (value) => (value === null ? nullvalue : csv(shown(value))), csv, "\r\n"); break;
      case "quote": joined(",", quoted, quoted); break;
      case "json": {
        const cells = keysOf(this.#columns).map((key, at) => `${JSON.stringify(key)}:${typeof row[at] === "bigint" || typeof row[at] === "number" ? shown(row[at]) : JSON.stringify(jsonOf(row[at] ?? null))}`);
        this.#print(`${first ? "[" : ",\n"}{${cells.join(",")}}`);
        break;
      }
      case "line": {
        const width = Math.max(5, ...this.#columns.map((name) => name.length));
        this.#print((first ? "" : "\n") + row.map((value, at) => `${(this.#columns[at] ?? "").padStart(width)} = ${shown(value, nullvalue)}\n`).join(""));
        break;
      }
      default: this.#held.push(row.map((value) => shown(value, nullvalue)));
    }
  }

  end(): void {
    const { mode } = this.#style;
    if (mode === "json" && this.#count > 0) this.#print("]\n");
    if (this.#held.length > 0) this.#print(drawn(mode, this.#columns, this.#held));
  }
}

function drawn(mode: Mode, columns: readonly string[], rows: readonly string[][]): string {
  const widths = columns.map((name, at) => rows.reduce((most, row) => Math.max(most, [...(row[at] ?? "")].length), [...name].length));
  const pad = (text: string, at: number) => text + " ".repeat(Math.max(0, (widths[at] ?? 0) - [...text].length));
  const centred = (text: string, at: number) => {
    const room = Math.max(0, (widths[at] ?? 0) - [...text].length);
    return " ".repeat(room >> 1) + text + " ".repeat(room - (room >> 1));
  };
  const rule = (left: string, dash: string, cross: string, right: string) => left + widths.map((width) => dash.repeat(width + 2)).join(cross) + right;
  const line = (cells: readonly string[], bar: string, put = pad) => `${bar} ${cells.map(put).join(` ${bar} `)} ${bar}`;
  const lines = {
    column: () => [columns.map(pad).join("  "), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map((row) => row.map(pad).join("  "))],
    markdown: () => [line(columns, "|", centred), rule("|", "-", "|", "|"), ...rows.map((row) => line(row, "|"))],
    table: () => [rule("+", "-", "+", "+"), line(columns, "|", centred), rule("+", "-", "+", "+"), ...rows.map((row) => line(row, "|")), rule("+", "-", "+", "+")],
    box: () => [rule("┌", "─", "┬", "┐"), line(columns, "│", centred), rule("├", "─", "┼", "┤"), ...rows.map((row) => line(row, "│")), rule("└", "─", "┴", "┘")],
  };
  const draw = lines[mode as keyof typeof lines] as (() => string[]) | undefined;
  return draw === undefined ? "" : `${draw().join("\n")}\n`;
}

const LINE_CHARS = 80;

/** Names in columns, read downwards, as the shell lists tables. */
export function columned(names: readonly string[]): string[] {
  const width = Math.max(0, ...names.map((name) => name.length));
  const rows = Math.ceil(names.length / Math.max(1, Math.floor(LINE_CHARS / (width + 2))));
  return Array.from({ length: rows }, (_, row) => names.filter((_, at) => at % rows === row).map((name) => name.padEnd(width)).join("  "));
}

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char] as string);

export function htmlTable(columns: readonly string[], rows: readonly Row[], left: number): string {
  const cell = (value: Value) => (value === null ? "<td><em>NULL</em></td>" : typeof value === "string" ? `<td>${escaped(value)}</td>` : typeof value === "object" ? `<td><code>${quoted(value)}</code></td>` : `<td style="text-align:right">${shown(value)}</td>`);
  const more = left > 0 ? `<caption>${left} more row${left === 1 ? "" : "s"}</caption>` : "";
  return `<table border="1">${more}<thead><tr>${columns.map((name) => `<th>${escaped(name)}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</tbody></table>`;
}

/** The records of a CSV text; quotes may hold separators and newlines. */
export function* records(text: string, separator: string): Generator<string[]> {
  let fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0) { field += text.slice(at); at = text.length; break; }
        field += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        field += '"';
        at += 1;
      }
    } else {
      let end = at;
      while (end < text.length && text[end] !== "\n" && !text.startsWith(separator, end)) end += 1;
      field = text.slice(at, end);
      at = end;
    }
    const last = at >= text.length || text[at] === "\n" || (text[at] === "\r" && text[at + 1] === "\n");
    fields.push(last ? field.replace(/\r$/, "") : field);
    if (text.startsWith(separator, at)) { at += separator.length; continue; }
    at += text[at] === "\r" ? 2 : 1;
    yield fields;
    fields = [];
  }
}
