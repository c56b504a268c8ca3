/** Boots CPython from the patched Pyodide build, cold or from a memory snapshot.
 * Knows nothing of runs, frames or policy. */

import createModule from "./pyodide.asm.mjs";
import { Image } from "../../../isolate/heap.js";
import wasm from "./pyodide.asm.wasm";
import stdlib from "./stdlib.zip";
import { buildId, lockInfo, pyVersion } from "./facts.js";
import { jsverror, signatures, trampoline } from "./prebuilt.js";

export const ROOT = "/session";
const HOME = "/home/user";
const SITE_PACKAGES = `/lib/python${pyVersion[0]}.${pyVersion[1]}/site-packages`;
const NOWHERE = "http://nowhere.invalid/";
const ENOSPC = 51;

const RUNTIME = {
  IN_BUN: false,
  IN_DENO: false,
  IN_NODE: false,
  IN_SAFARI: false,
  IN_SHELL: false,
  IN_WORKERD: true,
  IN_BROWSER: true,
  IN_BROWSER_MAIN_THREAD: false,
  IN_BROWSER_WEB_WORKER: true,
  IN_NODE_COMMONJS: false,
  IN_NODE_ESM: false,
};

// biome-ignore lint/suspicious/noExplicitAny: Pyodide's internals have no types
type Untyped = any;

export interface Limits {
  /** The wasm heap may grow up to here; a refused growth is a MemoryError. */
  heapBytesMax: number;
  /** What files written by the program may take, all together. */
  fileBytesMax: number;
}

export interface Interpreter {
  module: Untyped;
  api: Untyped;
  pyodide: Untyped;
  limits: Limits;
  /** The memory it was booted from. */
  image: Image | null;
}

/** What Python's `js` module shows: timers and plain constructors, no way to the isolate's own globals. */
function jsGlobals(): Record<string, unknown> {
  const plain = ["Object", "Array", "Map", "Set", "Date", "Promise", "Uint8Array", "JSON", "Math"] as const;
  const refuse = () => {
    throw new Error("not available here");
  };
  const timers = {
    setTimeout: (f: () => void, ms?: number) => setTimeout(f, ms),
    clearTimeout: (id: number) => clearTimeout(id),
    setInterval: (f: () => void, ms?: number) => setInterval(f, ms),
    clearInterval: (id: number) => clearInterval(id),
  };
  return { ...timers, ...Object.fromEntries(plain.map((name) => [name, globalThis[name]])), eval: refuse };
}

/** Emscripten looks for these on the global object; what it must not find is taken away. */
function prepareGlobals(): void {
  const scope = globalThis as Untyped;
  scope.setImmediate ??= (f: () => void) => setTimeout(f, 0);
  scope.clearImmediate ??= (id: number) => clearTimeout(id);
  const silent = () => {};
  scope.console = { log: silent, info: silent, warn: silent, error: silent, debug: silent, trace: silent, assert: silent };
  // What JavaScript forgets late would be let go in a memory that has been replaced by then; a program's few proxies may stay.
  scope.FinalizationRegistry = class {
    register(): void {}
    unregister(): void {}
  };
  // A MessageChannel belongs to the request that made it; timers serve every request.
  for (const name of ["fetch", "WebSocket", "EventSource", "caches", "MessageChannel", "Cloudflare", "navigator", "XMLHttpRequest"]) {
    Reflect.deleteProperty(scope, name);
    if (name in scope) Object.defineProperty(scope, name, { value: undefined, configurable: false });
  }
}

function settings(api: Untyped, limits: Limits, env: Record<string, string>): Untyped {
  let fileBytes = 0;
  const self: Untyped = {
    API: api,
    noImageDecoding: true,
    noAudioDecoding: true,
    print: () => {},
    printErr: () => {},
    thisProgram: api.config._sysExecutable,
    arguments: [],
    locateFile: (path: string) => path,
    heapMax: () => limits.heapBytesMax,
    claimFileBytes: (bytes: number) => {
      fileBytes += Math.max(0, bytes);
      if (fileBytes > limits.fileBytesMax) throw new self.FS.ErrnoError(ENOSPC);
    },
    prebuilt: {
      trampoline,
      signature: (sig: string) => {
        const module = signatures[sig.replaceAll("p", "i")];
        if (module === undefined) throw new TypeError(`no prebuilt function signature ${sig}`);
        return module;
      },
    },
    preRun: [
      (m: Untyped) => {
        api.sitePackages = SITE_PACKAGES;
        api.pyVersionTuple = pyVersion;
        for (const folder of [SITE_PACKAGES, SITE_PACKAGES.replace("site-packages", "lib-dynload"), HOME, ROOT]) m.FS.mkdirTree(folder);
        m.FS.writeFile(`/lib/python${pyVersion[0]}${pyVersion[1]}.zip`, new Uint8Array(stdlib), { canOwn: true });
        m.FS.chdir(ROOT);
        Object.assign(m.ENV, env);
      },
    ],
    instantiateWasm: (imports: Untyped, done: (i: WebAssembly.Instance, m: WebAssembly.Module) => void) => {
      const marker = new WebAssembly.Instance(jsverror).exports;
      imports.env.Jsv_GetError_import = marker.Jsv_GetError_import;
      imports.env.JsvError_Check = marker.JsvError_Check;
      done(new WebAssembly.Instance(wasm, imports), wasm);
      return {};
    },
  };
  return self;
}

/** A memory image as scripts/python-image.mjs packs it. */
function unpacked(packed: ArrayBuffer): { image: Image; state: Untyped } {
  const view = new DataView(packed);
  const metaBytes = view.getUint32(4, true);
  const { state, runs } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 8, metaBytes)));
  return { image: new Image(view.getUint32(0, true), runs, new Uint8Array(packed, Math.ceil((8 + metaBytes) / 16) * 16)), state };
}

/** What Python and JavaScript first call each other by, they remember by its place: each interpreter meets the same names in the same order. */
async function acquaint(api: Untyped): Promise<void> {
  const meet = api.runPythonInternal("from pyodide.ffi import run_sync as _run_sync\ndef _meet(bridge):\n    bridge.take([])\n    _run_sync(bridge.pause())\n_meet");
  await meet.callPromising({ take: () => undefined, pause: async () => undefined });
  meet.destroy();
}

export async function boot(snapshot: ArrayBuffer | null): Promise<Interpreter> {
  prepareGlobals();
  const limits: Limits = { heapBytesMax: 2 ** 32 - 65536, fileBytesMax: Number.MAX_SAFE_INTEGER };
  const env = { HOME, LANG: "C.UTF-8", PATH: "/usr/bin", PWD: ROOT, PYTHONHASHSEED: "0", PYTHONUTF8: "1", TZ: "UTC" };
  const config = {
    jsglobals: jsGlobals(),
    args: [],
    env,
    packages: [],
    indexURL: NOWHERE,
    packageBaseUrl: NOWHERE,
    packageCacheDir: NOWHERE,
    cdnUrl: NOWHERE,
    enableRunUntilComplete: true,
    checkAPIVersion: true,
    BUILD_ID: buildId,
    _makeSnapshot: snapshot === null,
    _sysExecutable: "/usr/bin/python3",
  };
  const api: Untyped = { config, runtimeEnv: RUNTIME, lockFilePromise: Promise.resolve({ info: lockInfo, packages: {} }) };
  const wanted = settings(api, limits, env);
  const { image, state } = snapshot ? unpacked(snapshot) : { image: null, state: undefined };
  if (image) {
    wanted.noInitialRun = true;
    wanted.INITIAL_MEMORY = image.heapBytes;
  }
  const module = await createModule(wanted);
  image?.restore(module.HEAPU8, module._sbrk(0));
  const pyodide = api.finalizeBootstrap(state);
  await api.packageIndexReady;
  api.initializeStreams();
  if (image !== null) await acquaint(api);
  return { module, api, pyodide, limits, image };
}
