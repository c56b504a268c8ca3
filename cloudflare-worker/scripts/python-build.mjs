/**
 * Builds what the Python isolate is made of: patched loader, compiled standard library, memory snapshot, all cached by their inputs.
 * Writes only to dist/python and .cache/python.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { shellEngine } from "./shell-engine.mjs";
import { packImage } from "./python-image.mjs";
import { patchPyodide, PYODIDE_VERSION } from "./python-patches.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCE = join(ROOT, "src/languages/python");
const CACHE = join(ROOT, ".cache/python");
const COMPATIBILITY_DATE = "2026-01-01";
const STARTUP_DEADLINE_MS = 30_000;
const PACKAGES_BYTES_MAX = 16 * 1024 * 1024;
const HARNESS = ["gaps", "packages", "outcome", "display", "streams", "policy", "network", "commands", "environment", "program"];
const require = createRequire(join(ROOT, "package.json"));

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
};

async function bundle(entry) {
  const made = await build({
    entryPoints: [join(SOURCE, "isolate", entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["./pyodide.asm.mjs", "./pyodide.asm.wasm", "./stdlib.zip", "./facts.js", "./prebuilt.js", "./*.txt", "./*.bin", "./shell-engine.js", "cloudflare:workers"],
    define: { WORKER_VERSION: JSON.stringify(require("./package.json").version) },
    absWorkingDir: ROOT,
    logLevel: "warning",
  });
  return made.outputFiles[0].text;
}

/** Runs `body` in a cold interpreter inside workerd and answers the bytes it hands out. */
async function inWorkerd(folder, route, body) {
  const socket = join(folder, "socket");
  const quoted = (name) => JSON.stringify(name);
  const kinds = { js: "esModule", mjs: "esModule", wasm: "wasm", zip: "data" };
  const rank = (name) => (name === "builder.js" ? 0 : 1);
  const modules = readdirSync(folder)
    .filter((name) => kinds[name.split(".").pop()])
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => `(name = ${quoted(name)}, ${kinds[name.split(".").pop()]} = embed ${quoted(name)})`);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .builder), (name = "internet", network = (allow = []))],
  sockets = [(name = "http", address = ${quoted(`unix:${socket}`)}, http = (), service = "main")]
);
const builder :Workerd.Worker = (modules = [${modules.join(",\n")}], compatibilityDate = "${COMPATIBILITY_DATE}");
`,
  );
  const child = spawn(workerdBinary(), ["serve", "config.capnp", "--experimental", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`workerd ended with ${code} while building the Python snapshot`);
  });
  ended.catch(() => {});
  try {
    await Promise.race([once(child.stdio[3], "data", { signal: AbortSignal.timeout(STARTUP_DEADLINE_MS) }), ended]);
    return await Promise.race([post(socket, route, body), ended]);
  } finally {
    child.kill("SIGKILL");
  }
}

function workerdBinary() {
  const folder = dirname(require.resolve("workerd/package.json"));
  return createRequire(join(folder, "package.json")).resolve(`@cloudflare/workerd-${process.platform}-${{ x64: "64", arm64: "arm64" }[process.arch]}/bin/workerd`);
}

function post(socketPath, path, body) {
  return new Promise((done, fail) => {
    const call = request({ socketPath, path, method: "POST" }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (response.statusCode === 200) done(bytes);
      else fail(new Error(`${path}: ${response.statusCode} ${bytes.toString("utf8").slice(0, 4000)}`));
    });
    call.on("error", fail);
    call.end(body);
  });
}

/** Makes a folder of the cache once per digest; a half-made one is never seen. */
async function cached(name, digest, make) {
  const target = join(CACHE, `${name}-${digest.slice(0, 16)}`);
  if (!existsSync(target)) {
    mkdirSync(CACHE, { recursive: true });
    const folder = mkdtempSync(join(CACHE, "making-"));
    try {
      await make(folder);
      if (!existsSync(target)) renameSync(folder, target);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    for (const old of readdirSync(CACHE)) {
      if (old.startsWith(`${name}-`) && join(CACHE, old) !== target) rmSync(join(CACHE, old), { recursive: true, force: true });
    }
  }
  return target;
}

/** The harness as modules of the package `_session`, their frames named so that tracebacks can leave them out. */
function harnessCode() {
  const lines = ["import builtins, sys, types", "_package = types.ModuleType('_session'); _package.__path__ = []; sys.modules['_session'] = _package"];
  for (const name of HARNESS) {
    const source = readFileSync(join(SOURCE, "harness", `${name}.py`), "utf8");
    lines.push(
      `_module = types.ModuleType('_session.${name}'); sys.modules['_session.${name}'] = _module; _package.${name} = _module`,
      // Its own, as they are now: what a program makes of len() or isinstance() changes nothing of how its end is told.
      "_module.__dict__['__builtins__'] = dict(vars(builtins))",
      `exec(compile(${JSON.stringify(source)}, '<session ${name}>', 'exec'), _module.__dict__)`,
    );
  }
  lines.push("del _package, _module, builtins, sys, types", "import gc", "gc.collect()", "gc.freeze()", "del gc");
  return lines.join("\n");
}

/** The packages that programs find beside the standard library, from the project's own Python; JSON. */
function packages() {
  const python = process.env.PYTHON ?? join(ROOT, "../.venv/bin/python");
  return execFileSync(python, [join(ROOT, "scripts/python-packages.py"), join(SOURCE, "packages")], { encoding: "utf8", maxBuffer: PACKAGES_BYTES_MAX });
}

function scratch() {
  return mkdtempSync(join(tmpdir(), "python-build-"));
}

/** @returns the modules of the Python variant, for the manifest: [{name, type, path}] */
export async function buildPython(dist) {
  const pyodide = dirname(require.resolve("pyodide/package.json"));
  const version = JSON.parse(readFileSync(join(pyodide, "package.json"), "utf8")).version;
  if (version !== PYODIDE_VERSION) throw new Error(`the patches are for Pyodide ${PYODIDE_VERSION}, installed is ${version}`);
  const read = (name) => readFileSync(join(pyodide, name));
  const lock = JSON.parse(read("pyodide-lock.json").toString("utf8"));
  const { loader, wasm, facts } = patchPyodide(read("pyodide.asm.mjs").toString("utf8"), read("pyodide.mjs").toString("utf8"), lock);
  const factsModule = Object.entries(facts).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`).join("");
  const names = Object.keys(wasm);
  const signatures = names.filter((name) => name.startsWith("sig_"));
  const prebuilt = [
    ...names.map((name) => `import ${name} from "./${name}.wasm";`),
    "export { trampoline, jsverror };",
    `export const signatures = { ${signatures.map((name) => `${name.slice(4)}: ${name}`).join(", ")} };`,
  ].join("\n");
  const builder = await bundle("builder.ts");
  const workerdVersion = JSON.parse(readFileSync(join(dirname(require.resolve("workerd/package.json")), "package.json"), "utf8")).version;
  const packing = readFileSync(join(ROOT, "scripts/python-image.mjs"));
  const common = [packing, loader, factsModule, prebuilt, version, workerdVersion];

  const lay = (folder, stdlib) => {
    writeFileSync(join(folder, "pyodide.asm.mjs"), loader);
    cpSync(join(pyodide, "pyodide.asm.wasm"), join(folder, "pyodide.asm.wasm"));
    writeFileSync(join(folder, "stdlib.zip"), stdlib);
    writeFileSync(join(folder, "facts.js"), factsModule);
    writeFileSync(join(folder, "prebuilt.js"), prebuilt);
    writeFileSync(join(folder, "builder.js"), builder);
    for (const name of names) writeFileSync(join(folder, `${name}.wasm`), wasm[name]);
  };
  const withInterpreter = async (stdlib, route, code) => {
    const folder = scratch();
    try {
      lay(folder, stdlib);
      return await inWorkerd(folder, route, code);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  const original = read("python_stdlib.zip");
  const compileCode = `_packages = ${packages()}\n${readFileSync(join(ROOT, "scripts/python-stdlib.py"), "utf8")}`;
  const stdlibFolder = await cached("stdlib", sha256(version, compileCode, original), async (folder) => {
    writeFileSync(join(folder, "stdlib.zip"), await withInterpreter(original, "/", compileCode));
  });
  const stdlib = readFileSync(join(stdlibFolder, "stdlib.zip"));
  const preload = `${readFileSync(join(ROOT, "scripts/python-preload.py"), "utf8")}\n${harnessCode()}`;
  const snapshotFolder = await cached("snapshot", sha256(...common, builder, preload, stdlib), async (folder) => {
    writeFileSync(join(folder, "snapshot.bin"), packImage(await withInterpreter(stdlib, "/snapshot", preload)));
  });

  const packed = Object.fromEntries(names.map((name) => [`${name}.wasm`, Buffer.from(wasm[name]).toString("base64")]));
  const files = {
    "payload.js": await bundle("../payload.ts"),
    "isolate.js.txt": await bundle("main.ts"),
    "pyodide.asm.js.txt": loader,
    // The image's own name holds the digest of all that it was made from.
    "facts.js.txt": `${factsModule}export const imageId = ${JSON.stringify(basename(snapshotFolder))};\n`,
    "prebuilt.js.txt": prebuilt,
    "prebuilt.json.txt": JSON.stringify(packed),
    "pyodide.asm.wasm.bin": read("pyodide.asm.wasm"),
    "stdlib.zip.bin": stdlib,
    "snapshot.bin": readFileSync(join(snapshotFolder, "snapshot.bin")),
    "shell-engine.js.txt": await shellEngine(),
  };
  mkdirSync(join(dist, "python"), { recursive: true });
  for (const [name, content] of Object.entries(files)) place(join(dist, "python", name), Buffer.from(content));
  place(join(dist, "python-service.js"), Buffer.from(await bundle("../service.ts")));
  const types = { js: "esModule", txt: "text", bin: "data" };
  return Object.keys(files).map((name) => ({ name: `python/${name}`, type: types[name.split(".").pop()], path: `python/${name}` }));
}

/** Whole or not at all, and untouched when nothing changed: a pool may be reading. */
function place(path, content) {
  if (existsSync(path) && readFileSync(path).equals(content)) return;
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = Date.now();
  const modules = await buildPython(join(ROOT, "dist"));
  console.log(`python: ${modules.length} modules in ${Date.now() - started} ms`);
}
