/** The Lua isolate's main module: boots the interpreter, gives it files and streams, runs one program. The program's surroundings are prelude.lua. */
import wasm from "./lua.wasm";
import prelude from "./prelude.lua";
import { LuaFactory } from "wasmoon";
import { sha256 } from "../../isolate/digest.js";
import { Gate } from "../../isolate/gate.js";
import { apply, Image, touchedEnd } from "../../isolate/heap.js";
import { type Ending, type Guest, type Rest, serve, type World } from "../../isolate/guest.js";
import type { Json, ProgramError, Run } from "../../wire.js";
import { COUNTERPARTS } from "./modules.js";

const ROOT = "/session";
const OVERHEAD_BYTES = 14 * 1024 * 1024;
const HEAP_BYTES_MIN = 18 * 1024 * 1024;
const PAGE_BYTES = 65536;
const DEPTH_MAX = 32;
const YIELDED = 1;
/** Where the two functions of the prelude lie on the stack, between all runs. */
const MAIN = 1;
const INVENTORY = 2;
const EXIT_MEMORY = 137;
const NO_SPACE = 51;
const NEED = "\0need";

// biome-ignore lint/suspicious/noExplicitAny: the library's internals have no types
type Untyped = any;
interface Runtime {
  lua: Untyped;
  state: number;
  /** The memory before anything ran in it. */
  image: Image;
  limits: { heapBytesMax: number; fileBytesMax: number };
  streams: { write(fd: number, bytes: Uint8Array): void; read(lengthMax: number): Uint8Array };
}
const encoder = new TextEncoder();

const guest: Guest<Runtime> = {
  build: async ({ image }) => `lua ${await image.digest()} ${sha256(encoder.encode(prelude))}`,

  async boot() {
    let image: Image | null = null;
    const limits = { heapBytesMax: Number.POSITIVE_INFINITY, fileBytesMax: Number.POSITIVE_INFINITY };
    const streams: Runtime["streams"] = { write: () => undefined, read: () => new Uint8Array(0) };
    // One call of the interpreter may write in pieces: they leave as one.
    let pieces: [fd: number, bytes: Uint8Array][] | null = null;
    const instantiate = (imports: WebAssembly.Imports) => {
      const wasi = imports.wasi_snapshot_preview1 as { fd_write(...given: number[]): number };
      const { fd_write } = wasi;
      wasi.fd_write = (...given) => {
        pieces = [];
        const status = fd_write(...given);
        const [fd = 1] = pieces[0] ?? [];
        if (pieces.length > 0) streams.write(fd, joined(pieces.map(([, bytes]) => bytes)));
        pieces = null;
        return status;
      };
      const instance = new WebAssembly.Instance(wasm, imports);
      const memory = Object.values(instance.exports).find((item) => item instanceof WebAssembly.Memory) as WebAssembly.Memory;
      image = Image.of(new Uint8Array(memory.buffer));
      const grow = memory.grow.bind(memory);
      // Lua sees a failed allocation and says "not enough memory"; nothing is killed.
      memory.grow = (pages: number) => {
        if (memory.buffer.byteLength + pages * PAGE_BYTES > limits.heapBytesMax) throw new RangeError("the run's memory is used up");
        return grow(pages);
      };
      return { instance, module: wasm };
    };
    const lua = await (new LuaFactory(instantiate as never) as Untyped).getLuaModule();
    const { FS } = lua.module;
    const operations = (stream: Untyped) => Object.values<Untyped>(stream).find((item) => typeof item === "object" && item !== null && Object.hasOwn(item, "read") && Object.hasOwn(item, "write"));
    const terminal = operations(FS.streams[1]);
    terminal.write = (stream: Untyped, buffer: Uint8Array, offset: number, length: number) => {
      const bytes = buffer.slice(offset, offset + length);
      if (pieces === null) streams.write(stream.fd, bytes);
      else pieces.push([stream.fd, bytes]);
      return length;
    };
    terminal.read = (_: Untyped, buffer: Uint8Array, offset: number, length: number) => {
      const bytes = streams.read(length);
      buffer.set(bytes, offset);
      return bytes.length;
    };
    FS.mkdir(ROOT);
    FS.chdir(ROOT);
    const probe = FS.open("/probe", "w");
    const files = operations(probe);
    const { write } = files;
    files.write = (stream: Untyped, buffer: Uint8Array, offset: number, length: number, position: number, ...rest: unknown[]) => {
      if (position + length > limits.fileBytesMax) throw new FS.g(NO_SPACE);
      return write(stream, buffer, offset, length, position, ...rest);
    };
    FS.close(probe);
    const state = lua.luaL_newstate();
    lua.luaL_openlibs(state);
    load(lua, state, prelude, "=[session]");
    if (lua.lua_pcallk(state, 0, 2, 0, 0, null) !== 0) throw new Error(lua.lua_tolstring(state, -1, null));
    return { lua, state, limits, streams, image: image as unknown as Image };
  },

  async run({ lua, state: fresh, limits, streams, image }, run, world) {
    const { FS } = lua.module;
    limits.heapBytesMax = Math.max(HEAP_BYTES_MIN, run.memoryLimitBytes - OVERHEAD_BYTES);
    limits.fileBytesMax = limits.heapBytesMax / 2;
    const state = world.resumed === null ? fresh : wake(lua.module, image, world.resumed);
    for (const [name, bytes] of world.files) {
      folders(FS, name);
      FS.writeFile(`${ROOT}/${name}`, bytes);
    }
    const stdin = new Stdin(world);
    streams.write = (fd, bytes) => world.bytes(fd === 2 ? "stderr" : "stdout", bytes);
    streams.read = (lengthMax) => stdin.read(lengthMax);
    const gate = new Gate(COUNTERPARTS, run);
    const refusal = (name: string) => gate.refusal(name) ?? `${name} is not available here: there are no processes`;
    const folder = run.entry.includes("/") ? run.entry.slice(0, run.entry.lastIndexOf("/")) : "";
    const given = [run.entry, contextSource(run.context), environmentSource(run.env), folder, run.interactive ? "yes" : "no", refusal("io.popen"), refusal("os.execute"), ...run.argv];
    let said: string[] | number;
    try {
      said = await call(lua, state, given, run.interactive ? stdin : null);
    } catch (error) {
      const { status } = error as { status?: unknown };
      if (typeof status !== "number") throw error;
      said = status;
    }
    lua.module._fflush(0);
    return { ...ended(said, run), files: collect(FS), rest: (bytesMax) => rest(lua, state, image, bytesMax) };
  },
};

interface Facts {
  state: number;
  top: number;
}

/** Null when it would take more than so many bytes. */
function rest(lua: Untyped, state: number, image: Image, bytesMax: number): Rest | null {
  lua.lua_settop(state, INVENTORY);
  lua.lua_pushvalue(state, INVENTORY);
  if (lua.lua_pcallk(state, 0, 1, 0, 0, null) !== 0) throw new Error(lua.lua_tolstring(state, -1, null));
  const variables = JSON.parse(lua.lua_tolstring(state, -1, null)) as Rest["variables"];
  lua.lua_settop(state, INVENTORY);
  const heap: Uint8Array = lua.module.HEAPU8;
  const facts: Facts = { state, top: touchedEnd(heap) };
  const body = image.difference(heap, bytesMax);
  return body === null ? null : { meta: facts, body, variables };
}

function wake(module: Untyped, image: Image, { meta, body }: { meta: unknown; body: Uint8Array }): number {
  const { state, top } = meta as Facts;
  // What the allocator notes of this is overwritten with everything else.
  if (top > module.HEAPU8.length && module._malloc(top - module.HEAPU8.length + PAGE_BYTES) === 0) throw new RangeError("memory allocation failed: the environment alone needs more");
  image.restore(module.HEAPU8);
  apply(body, module.HEAPU8);
  return state;
}

function load(lua: Untyped, state: number, source: string, name: string): void {
  const bytes = encoder.encode(source);
  const pointer = lua.module._malloc(bytes.length);
  lua.module.HEAPU8.set(bytes, pointer);
  const status = lua.luaL_loadbufferx(state, pointer, bytes.length, name, "t");
  lua.module._free(pointer);
  if (status !== 0) throw new Error(lua.lua_tolstring(state, -1, null));
}

/** Calls the function on top of the stack; with somebody to ask, in a coroutine that is suspended while it waits. */
async function call(lua: Untyped, state: number, given: string[], stdin: Stdin | null): Promise<string[]> {
  const push = (thread: number) => {
    for (const text of given) {
      const bytes = encoder.encode(text);
      const pointer = lua.module._malloc(bytes.length + 1);
      lua.module.HEAPU8.set(bytes, pointer);
      lua.module.ccall("lua_pushlstring", "number", ["number", "number", "number"], [thread, pointer, bytes.length]);
      lua.module._free(pointer);
    }
  };
  const taken = (thread: number, from: number) => {
    const found: string[] = [];
    for (let at = from; at <= lua.lua_gettop(thread); at += 1) found.push(lua.lua_tolstring(thread, at, null));
    return found;
  };
  if (stdin === null) {
    lua.lua_settop(state, INVENTORY);
    lua.lua_pushvalue(state, MAIN);
    push(state);
    const status = lua.lua_pcallk(state, given.length, -1, 0, 0, null);
    const found = taken(state, INVENTORY + 1);
    return status === 0 ? found : ["error", ...found, ...found];
  }
  const thread = lua.lua_newthread(state);
  lua.lua_pushvalue(state, MAIN);
  lua.lua_xmove(state, thread, 1);
  push(thread);
  const count = lua.module._malloc(4);
  let arguments_ = given.length;
  for (;;) {
    const status = lua.lua_resume(thread, state, arguments_, count);
    const results = lua.module.getValue(count, "i32");
    const found = taken(thread, lua.lua_gettop(thread) - results + 1);
    if (status === 0) return found;
    if (status !== YIELDED) return ["error", lua.lua_tolstring(thread, -1, null), lua.lua_tolstring(thread, -1, null)];
    // The marker begins with a NUL, where a C string ends.
    if (results < 2 || (found[0] !== "" && found[0] !== NEED)) return ["error", "attempt to yield from outside a coroutine", "attempt to yield from outside a coroutine"];
    await stdin.need(found[1] ?? "l");
    lua.lua_settop(thread, lua.lua_gettop(thread) - results);
    arguments_ = 0;
  }
}

function ended(said: string[] | number, run: Run): Ending {
  if (typeof said === "number") return { exitCode: said };
  const [kind, first = "", second = first] = said;
  if (kind === "none") return { exitCode: 0 };
  if (kind === "value") return { exitCode: 0, result: JSON.parse(first) };
  const memory = first === "not enough memory";
  const error: ProgramError = { type: memory ? "MemoryError" : kind === "syntax" ? "SyntaxError" : "LuaError", message: first, stack: cleaned(second) };
  for (const [, file, line] of `${first}\n${error.stack}`.matchAll(/(?:^|[\s'])([^\s:'][^:\n]*?):(\d+):/g)) {
    if (!run.files.some(({ name }) => name === file)) continue;
    error.file = file as string;
    error.line = Number(line);
    error.message = first.replace(`${file}:${line}: `, "");
    break;
  }
  return { exitCode: memory ? EXIT_MEMORY : 1, error };
}

/** The traceback up to the surroundings of the program. */
function cleaned(stack: string): string {
  const lines = stack.split("\n");
  const own = lines.findIndex((line) => line.includes("[C]: in function 'xpcall'"));
  return (own < 0 ? lines : lines.slice(0, own)).filter((line) => !line.includes("[session]")).join("\n");
}

class Stdin {
  readonly #world: World;
  #bytes = new Uint8Array(0);
  #ended = false;

  constructor(world: World) {
    this.#world = world;
  }

  #add(text: string | null): void {
    if (text === null) { this.#ended = true; return; }
    this.#bytes = joined([this.#bytes, encoder.encode(text)]);
  }

  /** Waits until a read of this format needs nothing more. */
  async need(format: string): Promise<void> {
    const count = Number(format);
    const enough = () => this.#ended || (/^\*?a/.test(format) ? false : Number.isInteger(count) ? this.#bytes.length >= count : this.#bytes.includes(10));
    while (!enough()) this.#add(await this.#world.read());
  }

  read(lengthMax: number): Uint8Array {
    if (this.#bytes.length === 0 && !this.#ended) {
      const text = this.#world.taken();
      if (text !== undefined) this.#add(text);
    }
    const bytes = this.#bytes.subarray(0, lengthMax);
    this.#bytes = this.#bytes.subarray(bytes.length);
    return bytes;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function folders(FS: Untyped, name: string): void {
  const parts = name.split("/").slice(0, -1);
  parts.forEach((_, at) => {
    try {
      FS.mkdir(`${ROOT}/${parts.slice(0, at + 1).join("/")}`);
    } catch {
      // It is there.
    }
  });
}

function collect(FS: Untyped, prefix = "", into = new Map<string, Uint8Array>(), depth = 0): Map<string, Uint8Array> {
  if (depth > DEPTH_MAX) return into;
  for (const name of FS.readdir(`${ROOT}/${prefix}`) as string[]) {
    if (name === "." || name === "..") continue;
    const path = `${ROOT}/${prefix}${name}`;
    const { mode } = FS.lstat(path);
    if (FS.isFile(mode)) into.set(prefix + name, FS.readFile(path));
    else if ((mode & 0xf000) === 0x4000) collect(FS, `${prefix}${name}/`, into, depth + 1);
  }
  return into;
}

const luaText = (text: string): string => `"${Array.from(encoder.encode(text), (byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;

function luaValue(value: Json): string {
  if (value === null) return "nil";
  if (typeof value === "string") return luaText(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `{${value.map(luaValue).join(",")}}`;
  const source = value.$function;
  if (typeof source === "string" && Object.keys(value).length === 1) return `(${source}\n)`;
  return `{${Object.entries(value).map(([key, item]) => `[${luaText(key)}]=${luaValue(item)}`).join(",")}}`;
}

const contextSource = (context: Run["context"]): string => Object.entries(context).map(([name, value]) => `_G[${luaText(name)}]=${luaValue(value)};`).join("\n");

const environmentSource = (env: Run["env"]): string => `return {${Object.entries(env).map(([name, value]) => `[${luaText(name)}]=${luaText(value)}`).join(",")}}`;

export default serve(guest);
