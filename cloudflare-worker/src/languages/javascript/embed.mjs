/** What JavaScript adds to a Worker: the shell behind child_process, loaded only by programs that may use it and name it. */
import { shellEngine } from "../../../scripts/shell-engine.mjs";

const name = await shellEngine();
export default [{ name, type: "text", path: name }];
