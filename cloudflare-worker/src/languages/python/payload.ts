/** The interpreter's files as modules of this Worker; a module of its own, so that a Worker without them serves the other languages. */
import facts from "./facts.js.txt";
import isolate from "./isolate.js.txt";
import prebuilt from "./prebuilt.js.txt";
import prebuiltWasm from "./prebuilt.json.txt";
import loader from "./pyodide.asm.js.txt";
import interpreter from "./pyodide.asm.wasm.bin";
import shellEngine from "./shell-engine.js.txt";
import snapshot from "./snapshot.bin";
import stdlib from "./stdlib.zip.bin";
import { assemble, type Files } from "./parts.js";

const files: Files = {
  "facts.js.txt": facts,
  "isolate.js.txt": isolate,
  "prebuilt.js.txt": prebuilt,
  "prebuilt.json.txt": prebuiltWasm,
  "pyodide.asm.js.txt": loader,
  "pyodide.asm.wasm.bin": interpreter,
  "snapshot.bin": snapshot,
  "shell-engine.js.txt": shellEngine,
  "stdlib.zip.bin": stdlib,
};

export const modules = () => assemble(files);
