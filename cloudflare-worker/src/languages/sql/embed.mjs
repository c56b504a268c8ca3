/** What SQL adds to a Worker: SQLite, needed only where SQL runs. */
import { readFileSync } from "node:fs";
import { buildGuest, patched, pinned, require } from "../../../scripts/guest-build.mjs";

pinned("sql.js", "1.16.0");
const wasm = require.resolve("sql.js/dist/sql-wasm-browser.wasm");

/** The library keeps its file system to itself: databases of the session are put there and taken from there. */
const opened = {
  name: "sql.js",
  setup({ onLoad }) {
    onLoad({ filter: /sql-wasm-browser\.js$/ }, ({ path }) => {
      let source = readFileSync(path, "utf8");
      source = patched(source, "k.Database=g}", "k.Database=g;k.write=fa;k.node=f=>B(f).node}");
      source = patched(source, 'this.filename="dbfile_"', 'this.filename=typeof f==="string"?f:"dbfile_"');
      source = patched(source, "f!=null&&fa(", 'f!=null&&typeof f!=="string"&&fa(');
      // There is no page and no script address here.
      source = patched(source, "ba&&(ta=self.location.href);", "");
      return { contents: source, loader: "js" };
    });
  },
};

export default await buildGuest("sql", { assets: [{ name: "sqlite.wasm", kind: "wasm", content: readFileSync(wasm) }], bundle: { plugins: [opened] } });
