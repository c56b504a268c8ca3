/**
 * Bundles the shell that child_process, subprocess and os.system run in. Its asynchronous functions become generators driven by the promises that it is
 * given, so that one and the same engine runs beside a program or while the program waits (src/isolate/shell/loop.ts).
 */
import { build } from "esbuild";
import { ROOT } from "./guest-build.mjs";

/** What the engine takes from its host instead of the runtime; `zlib` is node:zlib where there is one, `hashes` node:crypto. */
const GIVEN = ["Promise", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "crypto", "hashes", "zlib"];
const OFFERED = { zlib: "export const { gunzipSync, gzipSync } = zlib;", crypto: "export const { createHash } = hashes;" };
const offered = {
  name: "given-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(zlib|crypto)$/ }, ({ path }) => ({ path: path.slice(5), namespace: "given" }));
    onLoad({ filter: /.*/, namespace: "given" }, ({ path }) => ({ contents: OFFERED[path], loader: "js" }));
  },
};

let made = null;
/** The engine's module as text, made once. */
export const shellEngine = () => (made ??= make());

async function make() {
  const { outputFiles } = await build({
    absWorkingDir: ROOT, entryPoints: ["src/isolate/shell/engine.ts"], bundle: true, write: false, format: "iife", globalName: "engine", target: "es2024", platform: "neutral",
    supported: { "async-await": false, "async-generator": false, "for-await": false }, mainFields: ["module", "main"], conditions: ["workerd"], minify: true, logLevel: "error", legalComments: "none", plugins: [offered],
    define: Object.fromEntries(GIVEN.map((given) => [`globalThis.${given}`, given])),
  });
  return `export default (given) => { const { ${GIVEN.join(", ")} } = given; ${outputFiles[0].text}\nreturn engine; };\n`;
}
