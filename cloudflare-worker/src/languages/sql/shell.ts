/** Executes a script as the sqlite3 shell does: statements and the dot-commands that make sense here. It stops at the first error. */
import type { Ending, Rest, World } from "../../isolate/guest.js";
import type { Json, ProgramError, Run } from "../../wire.js";
import { columned, escaped, htmlTable, jsonOf, keysOf, MODES, type Mode, Printer, records, type Row, type Style, type Value } from "./format.js";
import { argumentsOf, split } from "./split.js";

export interface Statement {
  bind(values: Record<string, Value>): boolean;
  step(): boolean;
  get(params: null, config: { useBigInt: true }): Value[];
  getColumnNames(): string[];
  free(): boolean;
}
export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): { columns: string[]; values: Value[][] }[];
}
export interface Sqlite {
  Database: new (content?: Uint8Array | string) => Database;
  /** Put in by the build: a file of SQLite's own file system. */
  write(name: string, bytes: Uint8Array): void;
  // biome-ignore lint/suspicious/noExplicitAny: Emscripten's nodes have no types
  node(path: string): any;
}

const DISPLAY_ROWS_MAX = 200;
const RESULT_ROWS_MAX = 10_000;
const READ_DEPTH_MAX = 16;
const ROWS_BETWEEN_TURNS = 500;
const MAGIC = "SQLite format 3\0";
/** The database of an environment that is kept; a script without one has it in memory. */
const KEPT = ".environment";
const STDIN = ["-", "/dev/stdin"];
const decoder = new TextDecoder();

class Fault extends Error {
  constructor(readonly type: string, message: string, readonly file: string, readonly line: number, readonly source: string) {
    super(message);
  }
}
class Quit extends Error {
  constructor(readonly code: number) {
    super("quit");
  }
}

const nameOf = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const textOf = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const isDatabase = (bytes: Uint8Array): boolean => decoder.decode(bytes.subarray(0, MAGIC.length)) === MAGIC;

export class Shell {
  readonly #sqlite: Sqlite;
  readonly #run: Run;
  readonly #world: World;
  readonly #files: Map<string, Uint8Array>;
  readonly #style: Style = { mode: "list", headers: false, separator: "|", nullvalue: "" };
  readonly #parameters: Record<string, Value> = {};
  #database: Database;
  #named = KEPT;
  #depth = 0;
  #result: Record<string, unknown>[] | undefined;

  constructor(sqlite: Sqlite, run: Run, world: World) {
    this.#sqlite = sqlite;
    this.#run = run;
    this.#world = world;
    this.#files = new Map(world.files);
    for (const [name, bytes] of this.#files) if (!name.includes("/") && isDatabase(bytes)) sqlite.write(name, bytes);
    for (const [name, value] of Object.entries(run.context)) for (const mark of [":", "$", "@"]) this.#parameters[mark + name] = parameter(value);
    if (world.keeps) sqlite.write(KEPT, world.resumed?.body ?? new Uint8Array(0));
    this.#database = new sqlite.Database(world.keeps ? KEPT : ":memory:");
    Object.assign(this.#style, world.resumed?.meta);
  }

  async main(): Promise<Ending> {
    let exitCode = 0;
    let error: ProgramError | undefined;
    try {
      await this.#file(this.#run.entry, this.#run.entry, 1);
    } catch (thrown) {
      if (thrown instanceof Quit) exitCode = thrown.code;
      else if (thrown instanceof Fault) {
        exitCode = thrown.type === "MemoryError" ? 137 : 1;
        error = { type: thrown.type, message: thrown.message, stack: `${thrown.type}: ${thrown.message}\n    at ${thrown.file}:${thrown.line}\n  ${thrown.source}`, line: thrown.line, file: thrown.file };
      } else throw thrown;
    }
    return { exitCode, ...(error === undefined ? (this.#result === undefined ? {} : { result: this.#result }) : { error }), files: this.#after(), rest: () => this.#rest() };
  }

  /** The database as it was committed, and how rows are shown. */
  #rest(): Rest {
    // What was begun and not committed is lost at the end of a script, as it is in SQLite's own shell.
    try {
      if (this.#named === KEPT) this.#database.exec("ROLLBACK");
    } catch {
      // There was nothing.
    }
    const database = new this.#sqlite.Database(KEPT);
    const found = database.exec("SELECT name, type, (SELECT group_concat(name, ', ') FROM pragma_table_info(s.name)) FROM sqlite_schema s WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name LIMIT 500");
    const variables = (found[0]?.values ?? []).map(([name, type, columns]) => ({ name: String(name), type: String(type), repr: `(${columns ?? ""})` }));
    return { meta: this.#style, body: bytesOf(this.#sqlite.node(`/${KEPT}`))?.slice() ?? new Uint8Array(0), variables };
  }

  /** The session's files with what became of its databases. */
  #after(): Map<string, Uint8Array> {
    const after = new Map(this.#files);
    const nodes = this.#sqlite.node("/");
    const children = Object.values(nodes).find((item) => typeof item === "object" && item !== null && "dev" in item && "tmp" in item) as Record<string, unknown>;
    for (const name of Object.keys(children ?? {})) {
      if (name.startsWith(KEPT) || /^(probe|tmp|home|dev|proc)$|-(journal|wal)$/.test(name)) continue;
      const bytes = bytesOf(this.#sqlite.node(`/${name}`));
      if (bytes !== null) after.set(name, bytes.slice());
    }
    return after;
  }

  async #file(name: string, from: string, line: number): Promise<void> {
    if (this.#depth >= READ_DEPTH_MAX) throw new Fault("SQLError", `.read goes deeper than ${READ_DEPTH_MAX} files`, from, line, `.read ${name}`);
    this.#depth += 1;
    await this.#script(await this.#text(name, from, line), STDIN.includes(name) ? from : name);
    this.#depth -= 1;
  }

  async #text(name: string, from: string, line: number): Promise<string> {
    if (STDIN.includes(name)) {
      let all = "";
      for (let more = await this.#world.read("sql> "); more !== null; more = await this.#world.read("sql> ")) all += more;
      return all;
    }
    const bytes = this.#files.get(name.replace(/^\.\//, ""));
    if (bytes === undefined) throw new Fault("SQLError", `cannot open "${name}"`, from, line, name);
    return decoder.decode(bytes);
  }

  async #script(script: string, file: string): Promise<void> {
    for (const piece of split(script.startsWith("#!") ? `--${script.slice(2)}` : script)) {
      if (piece.kind === "command") await this.#command(piece.text, file, piece.line);
      else await this.#statement(piece.text, file, piece.line);
    }
  }

  async #statement(text: string, file: string, line: number): Promise<void> {
    let statement: Statement | undefined;
    try {
      statement = this.#database.prepare(text);
      const columns = statement.getColumnNames();
      statement.bind(this.#parameters);
      const printer = new Printer(this.#style, columns, (out) => this.#world.text("stdout", out));
      const rows: Row[] = [];
      let count = 0;
      while (statement.step()) {
        const row = statement.get(null, { useBigInt: true });
        if (count < RESULT_ROWS_MAX) rows.push(row);
        printer.row(row);
        count += 1;
        if (!this.#world.echoed && count % ROWS_BETWEEN_TURNS === 0) await new Promise((resume) => { setTimeout(resume, 0); });
      }
      printer.end();
      if (columns.length > 0) this.#show(columns, rows, count);
    } catch (error) {
      if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError) throw error;
      throw this.#fault(error, text, file, line);
    } finally {
      statement?.free();
    }
  }

  #show(columns: string[], rows: Row[], count: number): void {
    const keys = keysOf(columns);
    this.#result = rows.map((row) => Object.fromEntries(keys.map((key, at) => [key, jsonOf(row[at] ?? null)])));
    if (count > rows.length) this.#world.text("stderr", `the result has the first ${rows.length} of ${count} rows\n`);
    this.#world.display({ "text/html": htmlTable(columns, rows.slice(0, DISPLAY_ROWS_MAX), Math.max(0, count - DISPLAY_ROWS_MAX)) });
  }

  #fault(error: unknown, text: string, file: string, line: number): Fault {
    const message = error instanceof Error ? error.message : String(error);
    if (/out of memory|is full/.test(message) || /Unable to allocate/.test(message)) return new Fault("MemoryError", message, file, line, firstLine(text));
    // The message quotes the word it stumbled over: the line is where that word stands first.
    const word = /near "([^"]+)"|no such (?:column|table|function): (?:\w+\.)?(\S+)/.exec(message);
    const wanted = word?.[1] ?? word?.[2];
    const at = wanted === undefined ? -1 : text.search(new RegExp(`(?<![\\w])${wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w])`, "i"));
    const skipped = at < 0 ? 0 : text.slice(0, at).split("\n").length - 1;
    return new Fault("SQLError", message, file, line + skipped, text.split("\n")[skipped]?.trim() ?? "");
  }

  async #command(text: string, file: string, line: number): Promise<void> {
    const [command = "", ...rest] = argumentsOf(text);
    const failed = (message: string) => new Fault("SQLError", message, file, line, text);
    const rows = (sql: string) => this.#database.exec(sql)[0]?.values ?? [];
    const on = () => /^(on|yes|true|1)$/i.test(rest[0] ?? "on");
    const print = (out: string) => this.#world.text("stdout", `${out}\n`);
    switch (command) {
      case ".quit": case ".exit": throw new Quit(Number(rest[0] ?? 0) | 0);
      case ".bail": case ".echo": case ".changes": case ".timer": case ".stats": case ".width": case ".timeout": return;
      case ".headers": case ".header": this.#style.headers = on(); return;
      case ".nullvalue": this.#style.nullvalue = rest[0] ?? ""; return;
      case ".separator": this.#style.separator = rest[0] ?? "|"; return;
      case ".print": return print(rest.join(" "));
      case ".mode": {
        if (!MODES.includes(rest[0] as Mode)) throw failed(`.mode knows: ${MODES.join(", ")}`);
        this.#style.mode = rest[0] as Mode;
        return;
      }
      case ".tables": {
        const names = rows(`SELECT name FROM sqlite_schema WHERE type IN ('table','view') AND name NOT LIKE 'sqlite_%' AND name LIKE ${textOf(rest[0] ?? "%")} ORDER BY 1`).map(([name]) => String(name));
        for (const line of columned(names)) print(line);
        return;
      }
      case ".indexes": case ".indices": for (const [name] of rows(`SELECT name FROM sqlite_schema WHERE type='index' AND tbl_name LIKE ${textOf(rest[0] ?? "%")} ORDER BY 1`)) print(String(name)); return;
      case ".schema": case ".fullschema": for (const [sql] of rows(`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name LIKE ${textOf(rest[0] ?? "%")} ORDER BY rowid`)) print(`${sql};`); return;
      case ".databases": for (const [, name, path] of rows("PRAGMA database_list")) print(`${name}: ${path === "" ? '""' : path}`); return;
      case ".read": return await this.#file(rest[0] ?? "", file, line);
      case ".open": {
        const name = rest.find((word) => !word.startsWith("-"));
        if (name?.includes("/")) throw failed("databases lie in the session's first folder");
        this.#named = name ?? ":memory:";
        this.#database = new this.#sqlite.Database(this.#named);
        return;
      }
      case ".import": return await this.#import(rest, file, line, failed);
      case ".system": case ".shell": case ".cd": case ".load": case ".save": case ".backup": case ".output": case ".once": throw failed(`${command} is not available here`);
      default: throw failed(`unknown command: "${escaped(command)}"`);
    }
  }

  async #import(words: string[], file: string, line: number, failed: (message: string) => Fault): Promise<void> {
    let separator = this.#style.mode === "csv" ? "," : this.#style.mode === "tabs" ? "\t" : this.#style.separator;
    let skip = 0;
    const names: string[] = [];
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] as string;
      if (word === "--csv" || word === "-csv") separator = ",";
      else if (word === "--skip" || word === "-skip") skip = Number(words[++at]) || 0;
      else if (word.startsWith("--")) throw failed(`.import does not know ${word}`);
      else names.push(word);
    }
    const [from, table] = names;
    if (from === undefined || table === undefined) throw failed("usage: .import [--csv] [--skip N] FILE TABLE");
    const lines = [...records(await this.#text(from, file, line), separator)].slice(skip);
    const exists = this.#database.exec(`SELECT 1 FROM pragma_table_info(${textOf(table)})`).length > 0;
    let insert: Statement | undefined;
    try {
      if (!exists) {
        const head = keysOf(lines.shift() ?? []);
        this.#database.exec(`CREATE TABLE ${nameOf(table)}(${head.map((name) => `${nameOf(name)} ANY`).join(", ")})`);
      }
      const columns = (this.#database.exec(`SELECT name FROM pragma_table_info(${textOf(table)})`)[0]?.values ?? []).length;
      insert = this.#database.prepare(`INSERT INTO ${nameOf(table)} VALUES (${Array.from({ length: columns }, (_, at) => `?${at + 1}`).join(",")})`);
      this.#database.exec("SAVEPOINT import");
      for (const fields of lines) {
        insert.bind(Array.from({ length: columns }, (_, at) => fields[at] ?? null) as unknown as Record<string, Value>);
        insert.step();
        (insert as Statement & { reset(): void }).reset();
      }
      this.#database.exec("RELEASE import");
    } catch (error) {
      throw this.#fault(error, `.import ${from} ${table}`, file, line);
    } finally {
      insert?.free();
    }
  }
}

function parameter(value: Json): Value {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : JSON.stringify(value);
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** The content of a node of Emscripten's in-memory file system, whose fields the library has renamed. */
function bytesOf(node: Record<string, unknown>): Uint8Array | null {
  const { Ua, Wa } = node;
  return Ua instanceof Uint8Array && typeof Wa === "number" ? Ua.subarray(0, Wa) : null;
}
