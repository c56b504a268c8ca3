/**
 * Builds what an interpreter's isolate is made of (its bundled harness and its wasm) as modules of a variant of the Worker.
 * Writes only to dist/<language>, each file at once or not at all: a running server may be reading.
 */
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const require = createRequire(join(ROOT, "package.json"));

/** The package's version, checked: patches and promises are tied to it. */
export function pinned(name, version) {
  const installed = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")).version;
  if (installed !== version) throw new Error(`this build is for ${name} ${version}, installed is ${installed}`);
}

/** Replaces exactly one place of a source; a build whose patch does not apply must not go out. */
export function patched(source, what, instead) {
  const parts = source.split(what);
  if (parts.length !== 2) throw new Error(`a patch applies ${parts.length - 1} times: ${String(what).slice(0, 80)}`);
  return parts.join(instead);
}

/**
 * @param assets [{name, kind: "wasm" | "data" | "text", content}]: modules beside the harness, imported by it under these names.
 * @param service whether it is deployed as a Worker of its own: writes service.js beside the payload
 * @returns the variant's modules for the manifest: [{name, type, path, variant}]
 */
export async function buildGuest(language, { assets = [], bundle = {}, service = false } = {}) {
  const made = await build({
    absWorkingDir: ROOT, entryPoints: [`src/languages/${language}/isolate.ts`], bundle: true, write: false, format: "esm", target: "es2024", platform: "neutral",
    mainFields: ["module", "main"], conditions: ["workerd"], minify: true, logLevel: "error", legalComments: "none", ...bundle,
    external: [...assets.map(({ name }) => `./${name}`), ...(bundle.external ?? [])],
  });
  const folder = join(ROOT, "dist", language);
  mkdirSync(folder, { recursive: true });
  const write = (name, content) => {
    writeFileSync(join(folder, `${name}.${process.pid}`), content);
    renameSync(join(folder, `${name}.${process.pid}`), join(folder, name));
  };
  // wasm goes as data: the Worker only hands it on, and compiles nothing for itself.
  const files = [{ name: "isolate.js", suffix: ".txt", type: "text", kind: "js", content: made.outputFiles[0].contents },
    ...assets.map((asset) => ({ ...asset, ...(asset.kind === "text" ? { suffix: ".txt", type: "text" } : { suffix: ".bin", type: "data" }) }))];
  const payload = [
    "/** The isolate's modules as data of this Worker. Loaded on demand: a Worker without these files serves the other languages. */",
    ...files.map(({ name, suffix }, at) => `import asset${at} from "./${name}${suffix}";`),
    'export const mainModule = "isolate.js";',
    "export const compatibilityFlags = [];",
    `export function modules() { return { ${files.map(({ name, kind }, at) => `${JSON.stringify(name)}: { ${kind}: asset${at} }`).join(", ")} }; }`,
  ].join("\n");
  for (const { name, suffix, content } of files) write(name + suffix, content);
  write("payload.js", payload);
  if (service) write("service.js", (await serviceOf()).outputFiles[0].contents);
  return [{ name: `${language}/payload.js`, type: "esModule", path: `${language}/payload.js`, variant: language },
    ...files.map(({ name, suffix, type }) => ({ name: `${language}/${name}${suffix}`, type, path: `${language}/${name}${suffix}`, variant: language }))];
}

async function serviceOf() {
  return build({
    absWorkingDir: ROOT, entryPoints: ["src/languages/guest-service.ts"], bundle: true, write: false, format: "esm", target: "es2024", platform: "neutral", external: ["./payload.js", "cloudflare:workers"], minify: true,
    logLevel: "error", legalComments: "none", define: { WORKER_VERSION: JSON.stringify(require("./package.json").version) },
  });
}
