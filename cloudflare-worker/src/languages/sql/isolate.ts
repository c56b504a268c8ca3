/** The SQL isolate's main module: boots SQLite and limits its memory. What a script may say is shell.ts. */
import wasm from "./sqlite.wasm";
import initSqlJs from "sql.js/dist/sql-wasm-browser.js";
import { type Guest, serve } from "../../isolate/guest.js";
import { Shell, type Sqlite } from "./shell.js";

/** What the whole process needs beside the database's own memory. */
const OVERHEAD_BYTES = 8 * 1024 * 1024;
const HEAP_BYTES_MIN = 24 * 1024 * 1024;
const PAGE_BYTES = 65536;

interface Runtime {
  sqlite: Sqlite;
  limits: Limits;
}
interface Limits {
  heapBytesMax: number;
  fileBytesMax: number;
}

const guest: Guest<Runtime> = {
  // A database file is the same for every version of SQLite.
  build: () => "sqlite 3",

  async boot() {
    const limits: Limits = { heapBytesMax: Number.POSITIVE_INFINITY, fileBytesMax: Number.POSITIVE_INFINITY };
    const sqlite = (await initSqlJs({
      instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(wasm, imports);
        const memory = Object.values(instance.exports).find((item) => item instanceof WebAssembly.Memory) as WebAssembly.Memory;
        const grow = memory.grow.bind(memory);
        // SQLite sees a failed allocation and says so; nothing is killed.
        memory.grow = (pages: number) => {
          if (memory.buffer.byteLength + pages * PAGE_BYTES > limits.heapBytesMax) throw new RangeError("the run's memory is used up");
          return grow(pages);
        };
        done(instance);
        return {};
      },
    })) as Sqlite;
    boundFiles(sqlite, limits);
    const trial = new sqlite.Database(":memory:");
    trial.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1), ('x'); SELECT json_group_array(a) FROM t ORDER BY a");
    return { sqlite, limits };
  },

  async run({ sqlite, limits }, run, world) {
    limits.heapBytesMax = Math.max(HEAP_BYTES_MIN, run.memoryLimitBytes - OVERHEAD_BYTES);
    limits.fileBytesMax = limits.heapBytesMax / 2;
    return await new Shell(sqlite, run, world).main();
  },
};

/** Files lie outside the wasm memory: a write past the limit writes nothing, which SQLite calls a full disk. */
function boundFiles(sqlite: Sqlite, limits: Limits): void {
  sqlite.write("probe", new Uint8Array(1));
  const node = sqlite.node("/probe");
  const operations = Object.values(node).find((item) => typeof item === "object" && item !== null && Object.hasOwn(item, "read") && Object.hasOwn(item, "write")) as { write: (...given: unknown[]) => number };
  const { write } = operations;
  operations.write = (stream, buffer, offset, length, position, ...rest) =>
    (position as number) + (length as number) > limits.fileBytesMax ? 0 : write(stream, buffer, offset, length, position, ...rest);
}

export default serve(guest);
