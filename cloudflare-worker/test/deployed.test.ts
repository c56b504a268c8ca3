/** Promises about what is uploaded to Cloudflare: within its limits, and the very files run every language. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { order, root, SECRET, Workerd } from "./support.ts";

const UPLOADED = join(root, ".wrangler/dry-run");
const TYPES: Record<string, string> = { js: "esModule", txt: "text", bin: "data" };
const PROGRAMS: Record<string, [entry: string, source: string, printed: string]> = {
  javascript: ["main.js", "console.log(6 * 7)", "42\n"],
  typescript: ["main.ts", "const n: number = 42; console.log(n)", "42\n"],
  python: ["main.py", "print(6 * 7)", "42\n"],
  ruby: ["main.rb", "puts 6 * 7", "42\n"],
  shell: ["main.sh", "echo $((6 * 7))", "42\n"],
  sql: ["main.sql", "select 6 * 7;", "42\n"],
  lua: ["main.lua", "print(6 * 7)", "42\n"],
  css: ["main.css", "p { color: red }", "no problems found\n"],
  html: ["main.html", "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>t</title></head><body><p>x</p></body></html>", "no problems found\n"],
};

/** The modules of one upload, its entry first: the order in which the runtime takes the main module. */
function modules(name: string, entry: string): string {
  const folder = join(UPLOADED, name);
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).map((file) => relative(folder, join(file.parentPath, file.name)));
  const listed = [entry, ...found.filter((path) => path !== entry && !path.endsWith(".map") && path !== "README.md")];
  return listed.map((path) => `(name = ${JSON.stringify(path)}, ${TYPES[path.split(".").pop() ?? ""]} = embed ${JSON.stringify(`uploaded/${name}/${path}`)})`).join(", ");
}

describe("what is deployed", () => {
  let deployed: Workerd;
  const setting = (config: string, line: string) => new RegExp(`^${line}$`, "m").exec(readFileSync(join(root, config), "utf8"))?.[1] ?? "[]";

  before(async () => {
    // Fails when an upload is larger than the platform takes, or has no limit of CPU time.
    execFileSync(process.execPath, [join(root, "scripts/deploy.mjs"), "--dry-run"], { cwd: root, stdio: "pipe" });
    const loader = '(name = "LOADER", workerLoader = ())';
    const workers = {
      main: `modules = [${modules("main", "worker.js")}], compatibilityFlags = ${setting("wrangler.toml", "compatibility_flags = (.+)")}, bindings = [${loader}, (name = "SECRET", text = ${JSON.stringify(SECRET)}), (name = "MEMORY_BYTES_MAX", text = ${setting("wrangler.toml", "MEMORY_BYTES_MAX = (.+)")}), (name = "PYTHON", service = "python"), (name = "RUBY", service = "ruby")]`,
      python: `modules = [${modules("python", "python-service.js")}], compatibilityFlags = ${setting("wrangler.python.toml", "compatibility_flags = (.+)")}, bindings = [${loader}, (name = "ASSETS", service = "assets")]`,
      ruby: `modules = [${modules("ruby", "service.js")}], compatibilityFlags = ${setting("wrangler.ruby.toml", "compatibility_flags = (.+)")}, bindings = [${loader}]`,
    };
    deployed = await Workerd.serve(workers, { uploaded: UPLOADED, dist: join(root, "dist") });
  });
  after(() => deployed?.stop());

  test("says which languages run and how much memory an isolate has", async () => {
    const health = (await (await deployed.fetch("/healthz")).json()) as { languages: string[]; memoryBytesMax: number };
    assert.deepEqual([...health.languages].sort(), Object.keys(PROGRAMS).sort());
    assert.equal(health.memoryBytesMax, 128 * 2 ** 20);
  });

  test("runs commands, and has the gateway in the Worker of each language", async () => {
    const rest = { allowedModules: ["*"], tier: "enterprise", timeoutMs: 30_000 };
    const commands = await deployed.run(order({ files: { "main.js": "return String(require('child_process').execSync('ls'))" }, ...rest }));
    assert.equal(commands.result, "main.js\n");
    for (const [name, code] of [["main.js", "await fetch('http://127.1/')"], ["main.py", "import urllib.request\nurllib.request.urlopen('http://127.1/')"], ["main.rb", "require 'net/http'\nNet::HTTP.get(URI('http://127.1/'))"]] as const) {
      const refused = await deployed.run(order({ files: { [name]: code }, ...rest }));
      assert.match(refused.error?.message ?? "", /network_denied: 127.0.0.1 is not reachable: it is no public address/, name);
    }
  });

  for (const [language, [entry, content, printed]] of Object.entries(PROGRAMS)) {
    test(`runs ${language}`, async () => {
      const done = await deployed.run(order({ language, entry, files: [{ name: entry, content }], timeoutMs: 30_000 }));
      assert.equal(done.exitCode, 0, JSON.stringify(done));
      assert.equal(done.stdout, printed);
    });
  }
});
