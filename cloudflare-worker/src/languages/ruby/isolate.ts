/** The Ruby isolate's main module: boots the interpreter, gives it the session's files, runs one program. The program's surroundings are prelude.rb. */
import wasm from "./ruby.wasm";
import network from "./network.rb";
import prelude from "./prelude.rb";
import { Gate } from "../../isolate/gate.js";
import { sha256 } from "../../isolate/digest.js";
import { apply, Image } from "../../isolate/heap.js";
import { type Ending, type Guest, type Rest, serve, turn, type World } from "../../isolate/guest.js";
import type { Json } from "../../wire.js";
import { Line } from "./line.js";
import { Directory, Exit, File, filesIn, Machine, PreopenDirectory } from "./machine.js";
import { COUNTERPARTS } from "./modules.js";

const OVERHEAD_BYTES = 12 * 1024 * 1024;
const ENV = ["HOME=/session", "LANG=C.UTF-8", "PATH=/usr/bin", "PWD=/session", "TZ=UTC", "TMPDIR=/tmp"];
const ARGUMENTS = ["ruby.wasm", "-EUTF-8", "--disable=gems", "-e_=0"];
const WRITES_BETWEEN_TURNS = 32;
/** What the interpreter says before it exits because even for raising NoMemoryError there is no memory. */
const OUT_OF_MEMORY = "[FATAL] failed to allocate memory";
const EXIT_OUT_OF_MEMORY = 137;
const LAST_WORDS_BYTES_MAX = 200;
const PAGE_BYTES = 65536;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const INIT = "ruby-init: func(args: list<string>) -> ()";
const EVALUATE = "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>";
const TEXT = "rstring-ptr: func(value: handle<rb-abi-value>) -> string";

interface Runtime {
  machine: Machine;
  session: PreopenDirectory;
  /** The memory as it was booted. */
  image: Image;
}
interface Facts {
  bytes: number;
  /** Of the session's own files: what was required of others is required anew. */
  session: string;
}

/** Evaluates and answers the text that the code has as its value. */
async function evaluate(machine: Machine, code: string): Promise<string> {
  const bytes = encoder.encode(`begin\n${code}\nrescue Exception => __error\n"\\0" + __error.full_message(highlight: false)\nend`);
  const returned = await machine.call(EVALUATE, machine.place(bytes), bytes.length);
  const handle = machine.view().getInt32(returned, true);
  const status = machine.view().getInt32(returned + 4, true);
  if (status !== 0) throw new Error(`the interpreter stopped with state ${status}`);
  const at = await machine.call(TEXT, handle);
  const pointer = machine.view().getUint32(at, true);
  const text = decoder.decode(new Uint8Array(machine.memory.buffer, pointer, machine.view().getUint32(at + 4, true)));
  if (text.startsWith("\0")) throw new Error(text.slice(1));
  return text;
}

const guest: Guest<Runtime> = {
  build: async ({ image }) => `ruby ${await image.digest()}`,

  async boot() {
    const session = new PreopenDirectory("/session", new Map());
    const machine = new Machine(wasm, ENV, [session, new PreopenDirectory("/tmp", new Map())]);
    let said = "";
    machine.streams.write = (_, bytes) => { said += decoder.decode(bytes); };
    try {
      await machine.call("_initialize");
      const list = machine.place(new Uint8Array(8 * ARGUMENTS.length), 4);
      ARGUMENTS.forEach((argument, at) => {
        const bytes = encoder.encode(`${argument}\0`);
        const pointer = machine.place(bytes);
        machine.view().setUint32(list + 8 * at, pointer, true);
        machine.view().setUint32(list + 8 * at + 4, bytes.length, true);
      });
      await machine.call(INIT, list, ARGUMENTS.length);
      for (const part of [network, prelude]) await evaluate(machine, `eval(${rubyText(part)}, TOPLEVEL_BINDING, "(session)", 1); ""`);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.stack : error} ${said}`);
    }
    machine.booting = false;
    return { machine, session, image: Image.of(new Uint8Array(machine.memory.buffer)) };
  },

  async run({ machine, session, image }, run, world) {
    for (const [name, bytes] of world.files) put(session.dir, name, bytes);
    const stdin = new Stdin(world);
    let writes = 0;
    let lastWords = "";
    machine.streams = {
      write: (fd, bytes) => {
        world.bytes(fd === 2 ? "stderr" : "stdout", bytes);
        if (fd === 2) lastWords = bytes.length <= LAST_WORDS_BYTES_MAX ? (lastWords + decoder.decode(bytes)).slice(-LAST_WORDS_BYTES_MAX) : "";
        writes += 1;
        return !world.echoed && (writes === 1 || writes % WRITES_BETWEEN_TURNS === 0) ? turn() : undefined;
      },
      read: (lengthMax) => stdin.read(lengthMax),
    };
    machine.line = new Line(run);
    machine.limitMemory(machine.memory.buffer.byteLength + Math.max(0, run.memoryLimitBytes - OVERHEAD_BYTES));
    const sources = [...world.files].filter(([name]) => name.endsWith(".rb") && name !== run.entry).map(([name, bytes]) => `${name} ${sha256(bytes)}`).sort().join("\n");
    const facts = world.resumed === null ? null : wake(machine, image, world.resumed);
    machine.fileBytesMax = run.memoryLimitBytes / 2;
    const gate = new Gate(COUNTERPARTS, run);
    // What is granted stands there without a reason: it may use what it is made of.
    const granted = Object.fromEntries(Object.keys(COUNTERPARTS).map((name) => [name, null]));
    const refused: Record<string, string | null> = { ...granted, js: 'module "js" is not available here: programs reach no JavaScript', ...gate.refused() };
    const list = (texts: readonly string[]) => `[${texts.map(rubyText).join(",")}]`;
    const table = `{${Object.entries(refused).map(([name, why]) => `${rubyText(name)}=>${why === null ? "nil" : rubyText(why)}`).join(",")}}`;
    const context = `->{{${Object.entries(run.context).map(([name, value]) => `${rubyText(name)}=>${rubyValue(value)}`).join(",")}}}`;
    const code = `WorkerSession.then { |session| Object.send(:remove_const, :WorkerSession); session.main(${rubyText(run.entry)}, ${list(run.argv)}, {${Object.entries(run.env).map(([name, value]) => `${rubyText(name)}=>${rubyText(value)}`).join(",")}}, ${list(run.files.map(({ name }) => name))}, ${table}, ${context}, ${world.keeps}, ${facts !== null}, ${facts !== null && facts.session !== sources}) }`;
    let ending: Ending;
    try {
      ending = JSON.parse(await evaluate(machine, code)) as Ending;
    } catch (error) {
      if (error instanceof Exit && error.code === 1 && lastWords.trimEnd().endsWith(OUT_OF_MEMORY)) ending = { exitCode: EXIT_OUT_OF_MEMORY, error: { type: "NoMemoryError", message: "failed to allocate memory", stack: "failed to allocate memory (NoMemoryError)" } };
      else if (error instanceof Exit) ending = { exitCode: error.code };
      else if (error instanceof RangeError && /call stack/.test(error.message)) ending = { exitCode: 1, error: { type: "SystemStackError", message: "stack level too deep", stack: "stack level too deep (SystemStackError)" } };
      else throw error;
    }
    if (!world.keeps || ending.exitCode !== 0 || ending.error !== undefined) return { ...ending, files: filesIn(session.dir) };
    const variables = JSON.parse(await evaluate(machine, "WorkerSession.rest")) as Rest["variables"];
    return { ...ending, files: filesIn(session.dir), rest: (bytesMax) => rest(machine, image, sources, variables, bytesMax) };
  },
};

/** Null when it would take more than so many bytes. */
function rest(machine: Machine, image: Image, session: string, variables: Rest["variables"], bytesMax: number): Rest | null {
  const meta: Facts = { bytes: machine.memory.buffer.byteLength, session };
  const body = image.difference(new Uint8Array(machine.memory.buffer), bytesMax);
  return body === null ? null : { meta, body, variables };
}

function wake(machine: Machine, image: Image, { meta, body }: { meta: unknown; body: Uint8Array }): Facts {
  const facts = meta as Facts;
  const missing = facts.bytes - machine.memory.buffer.byteLength;
  if (missing > 0) machine.memory.grow(missing / PAGE_BYTES);
  image.restore(new Uint8Array(machine.memory.buffer));
  apply(body, new Uint8Array(machine.memory.buffer));
  return facts;
}

function put(folder: Directory, name: string, bytes: Uint8Array): void {
  const slash = name.indexOf("/");
  if (slash < 0) {
    folder.contents.set(name, new File(bytes.slice()));
    return;
  }
  const head = name.slice(0, slash);
  let inner = folder.contents.get(head);
  if (!(inner instanceof Directory)) {
    inner = new Directory(new Map());
    folder.contents.set(head, inner);
  }
  put(inner as Directory, name.slice(slash + 1), bytes);
}

class Stdin {
  readonly #world: World;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(world: World) {
    this.#world = world;
  }

  read(lengthMax: number): Uint8Array | Promise<Uint8Array> {
    if (this.#bytes.length > 0) return this.#part(lengthMax);
    const text = this.#world.taken();
    if (text === undefined) return this.#world.read().then((typed) => this.#take(typed, lengthMax));
    return this.#take(text, lengthMax);
  }

  #take(text: string | null, lengthMax: number): Uint8Array {
    this.#bytes = encoder.encode(text ?? "");
    return this.#part(lengthMax);
  }

  #part(lengthMax: number): Uint8Array {
    const part = this.#bytes.subarray(0, lengthMax);
    this.#bytes = this.#bytes.subarray(part.length);
    return part;
  }
}

/** A literal of any text: nothing in it is interpolated. */
const rubyText = (text: string): string => `"${text.toWellFormed().replace(/["\\#\u0000-\u001f\u007f]/g, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`)}"`;

function rubyValue(value: Json): string {
  if (value === null) return "nil";
  if (typeof value === "string") return rubyText(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(rubyValue).join(",")}]`;
  const source = value.$function;
  if (typeof source === "string" && Object.keys(value).length === 1) return `eval(${rubyText(source)})`;
  return `{${Object.entries(value).map(([key, item]) => `${rubyText(key)}=>${rubyValue(item)}`).join(",")}}`;
}

export default serve(guest);
