/** The CSS isolate's main module: checks the style sheet and shows it on a page of the session that uses it, else on a sample page. */
import { type Guest, serve } from "../../isolate/guest.js";
import { type Message, placeOf, report } from "../html/messages.js";
import { Preview } from "../html/preview.js";
import { attributeOf, escaped, tags } from "../html/tags.js";
import { normalize } from "../javascript/resolve.js";
import { checkCss, selectorsOf } from "./check.js";

const MESSAGES_SHARE = 4;
const SAMPLES_MAX = 50;

/** A page of the session that links to the style sheet. */
function pageFor(entry: string, files: ReadonlyMap<string, Uint8Array>): [name: string, source: string] | null {
  const decoder = new TextDecoder();
  for (const [name, bytes] of files) {
    if (!/\.html?$/i.test(name)) continue;
    const source = decoder.decode(bytes);
    const folder = name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "";
    for (const tag of tags(source)) {
      const href = tag.name === "link" ? attributeOf(tag, "href")?.value : undefined;
      if (href !== undefined && normalize(href.startsWith("/") ? href : `${folder}/${href}`) === entry) return [name, source];
    }
  }
  return null;
}

function samplePage(css: string, source: string): string {
  const { classes, ids, types } = selectorsOf(source);
  const known = new Set(["html", "body", "head", "h1", "h2", "h3", "p", "a", "ul", "li", "table", "tr", "td", "th", "button", "input", "label", "*"]);
  const samples = [
    ...[...types].filter((name) => !known.has(name) && /^[a-z][a-z0-9]*$/.test(name) && !/^(script|style|iframe|object|embed|base|link|meta|title)$/.test(name)).map((name) => `<${name}>&lt;${name}&gt;</${name}>`),
    ...[...ids].map((name) => `<div id="${escaped(name)}">#${escaped(name)}</div>`),
    ...[...classes].map((name) => `<div class="${escaped(name)}">.${escaped(name)}</div>`),
  ].slice(0, SAMPLES_MAX);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sample</title><style>${css.replace(/<\/(style)/gi, "<\\/$1")}</style></head><body>
<h1>Heading 1</h1><h2>Heading 2</h2><h3>Heading 3</h3>
<p>A paragraph with <strong>strong</strong> and <em>emphasised</em> text and <a href="#">a link</a>.</p>
<ul><li>First</li><li>Second</li></ul>
<table><tr><th>Name</th><th>Value</th></tr><tr><td>one</td><td>1</td></tr></table>
<p><label>Label <input value="Input"></label> <button type="button">Button</button></p>
${samples.join("\n")}
</body></html>`;
}

const guest: Guest<null> = {
  boot() {
    checkCss("a { color: red; margin: 0 auto }", "warm.css");
    return null;
  },

  async run(_, run, world) {
    const files = world.files;
    const source = new TextDecoder().decode(files.get(run.entry));
    const messages: Message[] = checkCss(source, run.entry);
    const preview = new Preview(files, Math.max(0, run.outputBytesMax - Math.floor(run.outputBytesMax / MESSAGES_SHARE) - 2 * source.length));
    const page = pageFor(run.entry, files);
    const shown = page === null ? samplePage(preview.css(source, run.entry), source) : preview.page(page[1], page[0]);
    if (page === null) for (const { name } of preview.missing) messages.push({ file: run.entry, ...placeOf(source, Math.max(0, source.indexOf(name))), severity: "warning", rule: "missing-file", message: `"${name}" is not a file of the session` });
    const ending = report(messages, run.entry, world);
    world.display({ "text/html": shown });
    return ending;
  },
};

export default serve(guest);
