/** Lua 5.4 as wasm, with its own standard library over an in-memory file system; see isolate.ts. */
import { guest } from "../guest.js";

export const lua = guest("lua");
