/** SQL: SQLite as wasm. A script is what the sqlite3 shell takes: statements and dot-commands; see isolate.ts. */
import { guest } from "../guest.js";

export const sql = guest("sql");
