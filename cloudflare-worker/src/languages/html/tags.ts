/** Finds the tags of a page in its text, without building a tree: enough to put files where their names stand. Pure. */

export interface Attribute {
  name: string;
  value: string;
  /** Where `name="value"` stands. */
  start: number;
  end: number;
}
export interface Tag {
  name: string;
  attributes: Attribute[];
  start: number;
  /** After the `>`. */
  end: number;
  /** The raw text of script and style, and where the element ends. */
  text?: { start: number; end: number; after: number };
}

const RAW = /^(script|style|textarea|title)$/;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export const unescaped = (text: string): string => text.replace(/&(amp|lt|gt|quot|apos|#39);/g, (_, name: string) => ENTITIES[name] ?? "'");
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char] as string);

export function* tags(page: string): Generator<Tag> {
  let at = 0;
  for (;;) {
    const start = page.indexOf("<", at);
    if (start < 0) return;
    if (page.startsWith("<!--", start)) {
      const end = page.indexOf("-->", start + 4);
      if (end < 0) return;
      at = end + 3;
      continue;
    }
    const name = /^<([a-zA-Z][^\s/>]*)/.exec(page.slice(start, start + 64))?.[1]?.toLowerCase();
    if (name === undefined) {
      at = start + 1;
      continue;
    }
    const tag: Tag = { name, attributes: [], start, end: start };
    const attribute = /\s*(?:\/(?!>)|([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?)|\s*(\/?>)/y;
    attribute.lastIndex = start + 1 + name.length;
    for (let found = attribute.exec(page); found !== null; found = attribute.exec(page)) {
      if (found[5] !== undefined) {
        tag.end = attribute.lastIndex;
        break;
      }
      if (found[1] === undefined) continue;
      const end = attribute.lastIndex;
      tag.attributes.push({ name: found[1].toLowerCase(), value: unescaped(found[2] ?? found[3] ?? found[4] ?? ""), start: found.index + (/^\s*/.exec(found[0])?.[0].length ?? 0), end });
    }
    if (tag.end === start) {
      at = start + 1;
      continue;
    }
    at = tag.end;
    if (RAW.test(name)) {
      const close = new RegExp(`</${name}[\\s/>]`, "gi");
      close.lastIndex = at;
      const found = close.exec(page);
      const end = found?.index ?? page.length;
      const after = found === null ? page.length : page.indexOf(">", end) + 1 || page.length;
      tag.text = { start: at, end, after };
      at = after;
    }
    yield tag;
  }
}

export const attributeOf = (tag: Tag, name: string): Attribute | undefined => tag.attributes.find((attribute) => attribute.name === name);
