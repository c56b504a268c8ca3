/** What JavaScript adds to a Worker: the shell behind child_process, loaded only by programs that may use it and name it. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../scripts/guest-build.mjs";
import { shellEngine } from "../../../scripts/shell-engine.mjs";

const name = "shell-engine.js.txt";
const path = join(ROOT, "dist", name);
mkdirSync(join(ROOT, "dist"), { recursive: true });
writeFileSync(`${path}.${process.pid}`, await shellEngine());
renameSync(`${path}.${process.pid}`, path);
export default [{ name, type: "text", path: name }];
