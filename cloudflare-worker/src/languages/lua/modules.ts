/** Lua's functions and the Node name that governs each. What is in no row is harmless and always allowed. */
import type { Counterparts } from "../../isolate/gate.js";

export const COUNTERPARTS: Counterparts = { "io.popen": "child_process", "os.execute": "child_process" };
