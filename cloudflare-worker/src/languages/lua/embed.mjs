/** What Lua adds to a Worker: the interpreter, needed only where Lua runs. */
import { readFileSync } from "node:fs";
import { buildGuest, patched, pinned, require } from "../../../scripts/guest-build.mjs";

pinned("wasmoon", "1.16.0");

/** The library would fetch its wasm; here it is handed over. Its JavaScript bindings are not used: programs reach no JavaScript. */
const embedded = {
  name: "wasmoon",
  setup({ onLoad }) {
    onLoad({ filter: /wasmoon\/dist\/index\.js$/ }, ({ path }) => {
      let source = readFileSync(path, "utf8").replaceAll("require('u' + 'rl').pathToFileURL(__filename).href", '"lua:"');
      source = patched(source, "function Ta(a,b){var c=M;return ", "function Ta(a,b){return Promise.resolve(e.locateFile(\"\",a)).then(b);var c=M;return ");
      source = patched(source, "return customWasmFileLocation || scriptDirectory + path;", 'return path === "" ? customWasmFileLocation(scriptDirectory) : path;');
      return { contents: source, loader: "js" };
    });
  },
};

export default await buildGuest("lua", {
  assets: [{ name: "lua.wasm", kind: "wasm", content: readFileSync(require.resolve("wasmoon/dist/glue.wasm")) }],
  bundle: { plugins: [embedded], external: ["module"], define: { document: "undefined", window: "undefined", importScripts: "Function", "self.location.href": '"lua:"', "location.href": '"lua:"' }, loader: { ".lua": "text" } },
});
