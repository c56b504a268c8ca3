/** HTML: executing a page checks it and shows it with the session's own files inside; see isolate.ts. */
import { guest } from "../guest.js";

export const html = guest("html");
