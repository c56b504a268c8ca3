/** What Lua adds to a Worker: the interpreter, needed only where Lua runs. */
import { readFileSync } from "node:fs";
import { buildGuest, patched, pinned, require } from "../../../scripts/guest-build.mjs";

pinned("wasmoon", "1.16.0");
const wasm = require.resolve("wasmoon/dist/glue.wasm");

/** The library would fetch its wasm; here it is handed over. Its own JavaScript bindings are not used: programs reach no JavaScript. */
const embedded = {
  name: "wasmoon",
  setup({ onLoad }) {
    onLoad({ filter: /wasmoon\/dist\/index\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      return { contents: patched(source, "function Ta(a,b){var c=M;return ", "function Ta(a,b){return e.luaWasm(a,b);var c=M;return "), loader: "js" };
    });
  },
};

export default await buildGuest("lua", {
  assets: [{ name: "lua.wasm", kind: "wasm", content: readFileSync(wasm) }],
  bundle: { plugins: [embedded], external: ["module"], define: { document: "undefined", location: '{"href":"lua:"}', window: "undefined", importScripts: "undefined" } },
});
