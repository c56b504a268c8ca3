/** Ruby 3.4: CRuby as wasm with its standard library, booted at warm-up; see isolate.ts. */
import { guest } from "../guest.js";

export const ruby = guest("ruby", { network: true });
