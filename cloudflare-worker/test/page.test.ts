/** What executing HTML and CSS promises, asked of the built Worker in a real workerd. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Order, type Outcome, Workerd } from "./support.ts";

let pages: Workerd;
let sheets: Workerd;
before(async () => { [pages, sheets] = await Promise.all([Workerd.start({ variant: "html" }), Workerd.start({ variant: "css" })]); });
after(async () => { await Promise.all([pages.stop(), sheets.stop()]); });

const html = (page: string, files: Record<string, string> = {}, rest: Order = {}): Promise<Outcome> => pages.run({ language: "html", entry: "index.html", files: { "index.html": page, ...files }, ...rest });
const css = (sheet: string, files: Record<string, string> = {}): Promise<Outcome> => sheets.run({ language: "css", entry: "style.css", files: { "style.css": sheet, ...files } });
const shown = (said: Outcome): string => (said.frames.find(({ type }) => type === "display") as unknown as { mime: Record<string, string> }).mime["text/html"] ?? "";
const rules = (said: Outcome) => (said.result as { rule: string; line: number; severity: string }[]).map(({ rule, line, severity }) => `${severity} ${rule} ${line}`);
const GOOD = '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>T</title></head>\n<body><h1>Hi</h1></body>\n</html>\n';

describe("executing a page", () => {
  test("that is right finds nothing and shows it unchanged", async () => {
    const said = await html(GOOD);
    assert.deepEqual([said.exitCode, said.stdout, said.stderr, said.result], [0, "no problems found\n", "", []]);
    assert.equal(shown(said), GOOD);
  });

  test("names wrong markup with file, line and column on stderr, fails, and shows it all the same", async () => {
    const said = await html('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>T</title></head><body>\n<div>\n<b id="a" id="b">x</b>\n</body></html>');
    assert.equal(said.exitCode, 1);
    assert.deepEqual([said.error?.type, said.error?.line, said.error?.file], ["ValidationError", 3, "index.html"]);
    assert.match(said.stderr, /^index\.html:3:1: error: .*<\/div>.*\(tag-pair\)\nindex\.html:4:\d+: error: Duplicate of attribute name \[ id \] was found\. \(attr-no-duplication\)\n$/);
    assert.match(shown(said), /<div>/);
  });

  test("gives advice on stdout without failing", async () => {
    const said = await html('<html><head></head><body><img src="https://example.com/a.png"></body></html>');
    assert.equal(said.exitCode, 0);
    assert.equal(said.stderr, "");
    assert.deepEqual(new Set(rules(said).map((rule) => rule.split(" ")[1])), new Set(["doctype-first", "html-lang-require", "meta-charset-require", "title-require", "alt-require"]));
  });

  test("takes a fragment and end tags that may be left out", async () => {
    const said = await html("<h1>Hi</h1>\n<ul><li>one<li>two</ul><p>text");
    assert.equal(said.exitCode, 0);
    assert.ok(rules(said).every((rule) => rule.startsWith("warning")));
  });

  test("checks the style sheets and scripts inside it, at their lines in the page", async () => {
    const said = await html("<p>x</p>\n<style>\np { colr: red }\n</style>\n<script>\nlet x = ;\n</script>\n<script type=\"application/json\">{not: js}</script>");
    assert.deepEqual(rules(said), ["warning css-property 3", "error js-syntax 6"]);
  });

  test("checks the files that it uses, under their own names", async () => {
    const said = await html('<link rel="stylesheet" href="css/a.css"><script src="a.js"></script>', { "css/a.css": "p {\n  colour: red\n}", "a.js": "\n\nfunction (" });
    assert.deepEqual((said.result as { file: string; line: number }[]).map(({ file, line }) => [file, line]), [["a.js", 3], ["css/a.css", 2]]);
  });

  test("puts style sheets inside, with what they import and the images they name", async () => {
    const said = await pages.run({ language: "html", entry: "site/index.html", files: [
      { name: "site/index.html", content: '<link rel="stylesheet" href="../css/a.css" media="screen"><link rel="stylesheet" href="/b.css">' },
      { name: "css/a.css", content: '@import "deep/o.css"; p { background: url("img/x.png?v=1") }' }, { name: "css/deep/o.css", content: "b { background: url(../img/x.png) }" },
      { name: "css/img/x.png", base64: "iVBORw==" }, { name: "b.css", content: "i { color: red }" },
    ] });
    assert.equal(shown(said), '<style media="screen">b { background: url("data:image/png;base64,iVBORw==") } p { background: url("data:image/png;base64,iVBORw==") }</style><style>i { color: red }</style>');
  });

  test("puts scripts inside, modules with their imports, and no script can end its element early", async () => {
    const said = await html('<script src="a.js"></script><script type="module" src="m.js"></script>', { "a.js": 'document.write("</script><b>")', "m.js": 'import { x } from "./lib/x.js";\nx();', "lib/x.js": "export const x = () => 1;" });
    assert.match(shown(said), /^<script>document\.write\("<\\\/script><b>"\)<\/script><script type="module">import \{ x \} from "data:text\/javascript;base64,([A-Za-z0-9+/=]+)";\nx\(\);<\/script>$/);
  });

  test("puts images and other media inside", async () => {
    const said = await html('<img alt="a" src="i.svg" srcset="i.svg 1x, i.svg 2x"><p style="background: url(i.svg)">x</p><a href="i.svg">kept</a>', { "i.svg": "<svg/>" });
    const data = `data:image/svg+xml;base64,${Buffer.from("<svg/>").toString("base64")}`;
    assert.equal(shown(said), `<img alt="a" src="${data}" srcset="${data} 1x, ${data} 2x"><p style="background: url(&quot;${data}&quot;)">x</p><a href="i.svg">kept</a>`);
  });

  test("names references that lead nowhere and leaves those alone that leave the session", async () => {
    const said = await html('<p>x</p>\n<img alt="a" src="nope.png"><img alt="b" src="//cdn.example/x.png"><img alt="c" src="data:,x"><script src="https://example.com/x.js"></script><img alt="d" src="../../etc/passwd">');
    assert.deepEqual(rules(said), ["warning missing-file 2"]);
    assert.match(said.stdout, /"nope\.png" is not a file of the session/);
    assert.match(shown(said), /src="\/\/cdn\.example\/x\.png"/);
  });

  test("leaves out of the preview what is too large, and says so", async () => {
    const said = await html('<img alt="a" src="big.png">', { "big.png": "x".repeat(20_000) }, { outputBytesMax: 10_000 });
    assert.match(said.stdout, /"big\.png" is too large to be shown/);
    assert.equal(shown(said), '<img alt="a" src="big.png">');
  });

  test("ends quickly on hostile markup", async () => {
    for (const page of ["<".repeat(50_000), `<a ${"a=".repeat(20_000)}>`, "<!--".repeat(20_000), `<p ${'"'.repeat(50_001)}`, "<script>".repeat(5_000), `<style>${"@import 'index.html';".repeat(200)}</style>`]) {
      const started = performance.now();
      await html(page);
      assert.ok(performance.now() - started < 3000, page.slice(0, 20));
    }
  });
});

describe("executing a style sheet", () => {
  test("that is right finds nothing, new and computed values included", async () => {
    const said = await css(":root { --c: #123; }\na { color: var(--c); width: calc(100% - 2px); -webkit-line-clamp: 2 }\n@media (min-width: 10px) { b { display: grid; gap: 1rem } }\n@font-face { font-family: x; src: url(https://example.com/x.woff2) }");
    assert.deepEqual([said.exitCode, said.stdout, said.result], [0, "no problems found\n", []]);
  });

  test("names what does not parse, and fails", async () => {
    const said = await css("a { color: red }\nb { color }\n");
    assert.equal(said.exitCode, 1);
    assert.deepEqual([said.error?.line, said.error?.file, said.error?.message], [2, "style.css", "Colon is expected"]);
    assert.match((await css("a { color: red;\n")).stderr, /style\.css:1:3: error: a block is not closed/);
  });

  test("warns of properties, values and at-rules that it does not know", async () => {
    const said = await css("a {\n  colour: red;\n  color: 12px;\n  margin: 1px 2px 3px 4px 5px;\n}\n@medai print { }");
    assert.deepEqual(rules(said), ["warning css-property 2", "warning css-value 3", "warning css-value 4", "warning css-at-rule 6"]);
    assert.equal(said.exitCode, 0);
  });

  test("shows the session's page that links to it", async () => {
    const said = await css("p { color: red }", { "other.html": "<p>no</p>", "index.html": '<link rel="stylesheet" href="style.css"><p>yes</p>' });
    assert.equal(shown(said), "<style>p { color: red }</style><p>yes</p>");
  });

  test("without such a page shows a sample with its classes, ids and elements", async () => {
    const said = await css(".card, #top, blockquote { color: red } a::after { content: '</style><script>' }");
    assert.match(shown(said), /<div class="card">\.card<\/div>/);
    assert.match(shown(said), /<div id="top">#top<\/div>/);
    assert.match(shown(said), /<blockquote>/);
    assert.ok(!shown(said).includes("</style><script>"));
  });
});
