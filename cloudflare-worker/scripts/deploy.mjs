/**
 * Deploys the Workers in the order in which they need each other; with --dry-run only builds what would be uploaded, in .wrangler/dry-run/<name>.
 * Refuses what the platform would refuse: an upload that is too large, or a Worker without a CPU limit.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const wrangler = join(dirname(createRequire(join(root, "package.json")).resolve("wrangler/package.json")), "bin/wrangler.js");
// The paid plan's: what counts is the compressed size of all modules together, and each static asset by itself.
const UPLOAD_GZIP_BYTES_MAX = 10 * 1024 * 1024;
const ASSET_BYTES_MAX = 25 * 1024 * 1024;
const WORKERS = [
  { name: "python", config: "wrangler.python.toml", assets: "dist/python" },
  { name: "ruby", config: "wrangler.ruby.toml" },
  { name: "main", config: "wrangler.toml" },
];

const filesOf = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== "README.md").map((entry) => join(entry.parentPath, entry.name));

for (const { name, config, assets } of WORKERS) {
  const outdir = join(root, ".wrangler/dry-run", name);
  rmSync(outdir, { recursive: true, force: true });
  const run = (...more) => execFileSync(process.execPath, [wrangler, "deploy", "--config", config, ...more], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, WRANGLER_SEND_METRICS: "false" } });
  run("--dry-run", "--outdir", outdir);
  const bytes = filesOf(outdir).reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  console.log(`${name.padEnd(8)}${(bytes / 1024).toFixed(0).padStart(6)} KiB of ${UPLOAD_GZIP_BYTES_MAX / 1024} KiB, compressed`);
  if (bytes > UPLOAD_GZIP_BYTES_MAX) throw new Error(`${config}: ${bytes} bytes compressed are more than an upload may have`);
  if (!/^cpu_ms = \d+$/m.test(readFileSync(join(root, config), "utf8"))) throw new Error(`${config}: set limits.cpu_ms`);
  const large = assets === undefined ? [] : filesOf(join(root, assets)).filter((file) => statSync(file).size > ASSET_BYTES_MAX);
  if (large.length > 0) throw new Error(`${config}: more than an asset may have: ${large.join(", ")}`);
  if (!process.argv.includes("--dry-run")) process.stdout.write(run());
}
