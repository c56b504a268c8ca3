/** The HTML isolate's main module: checks the entry and the session's files it uses, then shows it. No script of the page runs here. */
import { type Guest, serve } from "../../isolate/guest.js";
import { checkCss } from "../css/check.js";
import { checkHtml, checkJs } from "./check.js";
import { type Message, placeOf, report } from "./messages.js";
import { Preview } from "./preview.js";

/** Of the run's output allowance this much is kept for messages. */
const MESSAGES_SHARE = 4;

const guest: Guest<null> = {
  boot() {
    checkHtml("<!doctype html><p style='color:red'>x</p><style>p { color: red }</style><script>1</script>", "warm.html");
    return null;
  },

  async run(_, run, world) {
    const files = world.files;
    const decoder = new TextDecoder();
    const source = decoder.decode(files.get(run.entry));
    const preview = new Preview(files, Math.max(0, run.outputBytesMax - Math.floor(run.outputBytesMax / MESSAGES_SHARE) - 2 * source.length));
    const page = preview.page(source, run.entry);
    const messages: Message[] = checkHtml(source, run.entry);
    for (const { name, at } of preview.missing) messages.push({ file: run.entry, ...placeOf(source, at), severity: "warning", rule: "missing-file", message: `"${name}" is not a file of the session` });
    for (const name of preview.tooLarge) messages.push({ file: run.entry, line: 1, column: 1, severity: "warning", rule: "too-large", message: `"${name}" is too large to be shown in the preview` });
    for (const name of preview.used) {
      const text = decoder.decode(files.get(name));
      if (name.endsWith(".css")) messages.push(...checkCss(text, name));
      if (/\.m?js$/.test(name)) messages.push(...checkJs(text, name, name.endsWith(".mjs") || /^\s*(import|export)\b/m.test(text)));
    }
    const ending = report(messages, run.entry, world);
    world.display({ "text/html": page });
    return ending;
  },
};

export default serve(guest);
