// Bundles the Worker: each language's isolate into one text, those texts into dist/worker.js, beside it the manifest that the pool and wrangler read.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { patched } from "./guest-build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const COMPATIBILITY_DATE = "2026-01-01";
const COMPATIBILITY_FLAGS = ["nodejs_compat", "global_fetch_strictly_public"];
const common = { absWorkingDir: root, bundle: true, format: "esm", target: "es2024", platform: "neutral", mainFields: ["module", "main"], logLevel: "warning", legalComments: "none" };

// Taken when the isolate starts: a program may delete or replace any global, the harness keeps the ones it began with.
const KEPT_GLOBALS = ["Array", "ArrayBuffer", "BigInt", "Boolean", "DataView", "Date", "Error", "JSON", "Map", "Math", "Number", "Object", "Promise", "Proxy", "RangeError",
  "Reflect", "RegExp", "Response", "Set", "String", "Symbol", "SyntaxError", "TextDecoder", "TextEncoder", "TypeError", "URL", "Uint8Array", "Uint32Array", "WeakMap",
  "IdentityTransformStream", "decodeURIComponent", "encodeURI", "performance", "queueMicrotask", "setTimeout", "clearTimeout"];

/** `isolate:<language>` is the text of src/languages/<language>/isolate.ts, bundled on its own. */
const isolates = {
  name: "isolates",
  setup(context) {
    context.onResolve({ filter: /^isolate:/ }, ({ path }) => ({ path: path.slice(8), namespace: "isolate" }));
    context.onLoad({ filter: /.*/, namespace: "isolate" }, async ({ path }) => {
      const { outputFiles } = await build({
        ...common, entryPoints: [`src/languages/${path}/isolate.ts`], write: false, minify: true, external: ["collab-program.json"], banner: { js: `const {${KEPT_GLOBALS}}=globalThis;` }, conditions: ["workerd"],
      });
      return { contents: outputFiles[0].text, loader: "text" };
    });
  },
};

/** A class declares the properties of its constructor's parameters before its other fields, as the TypeScript compiler has it: objects are printed in that order. */
const parameterProperties = {
  name: "parameter-properties",
  setup(context) {
    context.onLoad({ filter: /sucrase\/dist\/esm\/transformers\/RootTransformer\.js$/ }, ({ path }) => ({
      contents: patched(readFileSync(path, "utf8"), "this.tokens.copyExpectedToken(tt.braceL);\n    if (this.isReactHotLoaderTransformEnabled) {", `this.tokens.copyExpectedToken(tt.braceL);
    this.tokens.appendCode(constructorInitializerStatements.map((statement) => \`\${statement.slice("this.".length, statement.indexOf(" "))};\`).join(""));
    if (this.isReactHotLoaderTransformEnabled) {`),
      loader: "js",
    }));
  },
};

/** Modules that are embedded as they are: `src/languages/<language>/embed.mjs` exports a list of {name, type, path}. */
async function embedded() {
  const found = [];
  for (const language of readdirSync(join(root, "src/languages"), { withFileTypes: true })) {
    const file = join(root, "src/languages", language.name, "embed.mjs");
    if (language.isDirectory() && existsSync(file)) found.push(...(await import(file)).default);
  }
  return found;
}

mkdirSync(dist, { recursive: true });
/** At once or not at all: a pool may be reading while a build runs. */
function write(name, content) {
  writeFileSync(join(dist, `${name}.${process.pid}`), content);
  renameSync(join(dist, `${name}.${process.pid}`), join(dist, name));
}
const modules = await embedded();
const { denied } = JSON.parse(readFileSync(join(root, "src/egress/networks.json"), "utf8"));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { outputFiles } = await build({
  ...common, entryPoints: ["src/main.ts"], write: false, minify: true, plugins: [isolates, parameterProperties], external: ["cloudflare:workers", ...modules.map((module) => module.name)], conditions: ["workerd"],
  define: { WORKER_VERSION: JSON.stringify(version) },
});
const code = outputFiles[0].contents;
write("worker.js", code);
// A module with a variant is embedded only where that language runs: it is too large for every process.
const base = modules.filter((module) => module.variant === undefined);
const variants = {};
for (const { variant, ...module } of modules) {
  if (variant === undefined) continue;
  variants[variant] ??= [];
  variants[variant].push(module);
}
write("manifest.json", `${JSON.stringify({ compatibilityDate: COMPATIBILITY_DATE, compatibilityFlags: COMPATIBILITY_FLAGS, deniedNetworks: denied, main: "worker.js", modules: base, variants }, null, 2)}\n`);
console.log(`dist/worker.js ${code.length} bytes, sha256 ${createHash("sha256").update(code).digest("hex").slice(0, 12)}, ${modules.length} more modules`);
