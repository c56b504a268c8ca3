/** What Python adds to a Worker: the interpreter's files, needed only where Python runs. See scripts/python-build.mjs. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPython } from "../../../scripts/python-build.mjs";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../../../dist");

export default (await buildPython(dist)).map((module) => ({ ...module, variant: "python" }));
