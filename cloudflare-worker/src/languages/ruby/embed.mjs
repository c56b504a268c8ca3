/** What Ruby adds to a Worker: the interpreter and its library, needed only where Ruby runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGuest, pinned, ROOT } from "../../../scripts/guest-build.mjs";
import { limitMemory } from "../../../scripts/ruby-wasm.mjs";

pinned("@ruby/3.4-wasm-wasi", "2.10.1");
const wasm = readFileSync(join(ROOT, "node_modules/@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm"));

export default await buildGuest("ruby", {
  assets: [{ name: "ruby.wasm", kind: "wasm", content: limitMemory(wasm, "memory_pages_max") }],
  bundle: { loader: { ".rb": "text" } },
  service: true,
});
