/** CSS: executing a style sheet checks it and shows a page that wears it; see isolate.ts. */
import { guest } from "../guest.js";

export const css = guest("css");
