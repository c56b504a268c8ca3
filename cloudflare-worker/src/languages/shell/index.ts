/** Shell: bash as an interpreter in JavaScript over the session's files; see isolate.ts for what it promises. */
import { guest } from "../guest.js";

export const shell = guest("shell", { compatibilityFlags: ["nodejs_compat"], network: true });
