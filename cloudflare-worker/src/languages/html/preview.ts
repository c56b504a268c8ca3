/**
 * Makes one document of a page and the session's files it refers to: style sheets and scripts inside, images as data.
 * The document is for a sandboxed frame of an opaque origin; nothing here makes it safe to show anywhere else.
 */
import { base64 } from "../../isolate/digest.js";
import { normalize } from "../javascript/resolve.js";
import { type Attribute, attributeOf, escaped, type Tag, tags } from "./tags.js";

const MIME: Record<string, string> = {
  css: "text/css", js: "text/javascript", mjs: "text/javascript", json: "application/json", html: "text/html", htm: "text/html", txt: "text/plain", csv: "text/csv", xml: "application/xml",
  svg: "image/svg+xml", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", avif: "image/avif", ico: "image/x-icon", bmp: "image/bmp",
  mp3: "audio/mpeg", wav: "audio/wav", ogg: "audio/ogg", mp4: "video/mp4", webm: "video/webm", woff: "font/woff", woff2: "font/woff2", ttf: "font/ttf", otf: "font/otf", pdf: "application/pdf",
};
const DEPTH_MAX = 8;
const REFERENCES: Record<string, string[]> = {
  img: ["src", "srcset"], source: ["src", "srcset"], audio: ["src"], video: ["src", "poster"], track: ["src"], embed: ["src"], object: ["data"], iframe: ["src"], input: ["src"], image: ["href", "xlink:href"], use: ["href"],
};
const decoder = new TextDecoder();

export interface Missing {
  name: string;
  /** Where in the page. */
  at: number;
}

/** Has the reference no scheme and no host, so that it can only mean a file of the session? */
const isRelative = (reference: string): boolean => reference !== "" && !/^([a-z][a-z0-9+.-]*:|\/\/|#|\?)/i.test(reference);

export class Preview {
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly missing: Missing[] = [];
  /** Files that would have made the document larger than it may be. */
  readonly tooLarge = new Set<string>();
  readonly used = new Set<string>();
  #room: number;
  #at = 0;

  constructor(files: ReadonlyMap<string, Uint8Array>, bytesMax: number) {
    this.#files = files;
    this.#room = bytesMax;
  }

  /** The name of the session's file that a reference in the file `from` means; null when it means none. */
  #resolve(reference: string, from: string): string | null {
    if (!isRelative(reference)) return null;
    let path = reference.replace(/[?#].*$/s, "");
    try {
      path = decodeURIComponent(path);
    } catch {
      // A percent sign that means itself.
    }
    const folder = from.includes("/") ? from.slice(0, from.lastIndexOf("/")) : "";
    const name = path === "" ? null : normalize(path.startsWith("/") ? path : `${folder}/${path}`);
    if (name === null) return null;
    if (this.#files.has(name)) return name;
    this.missing.push({ name: reference, at: this.#at });
    return null;
  }

  #take(name: string, bytes: number): boolean {
    if (bytes > this.#room) {
      this.tooLarge.add(name);
      return false;
    }
    this.#room -= bytes;
    this.used.add(name);
    return true;
  }

  #text(name: string): string {
    return decoder.decode(this.#files.get(name));
  }

  #data(name: string): string | null {
    const bytes = this.#files.get(name) as Uint8Array;
    const mime = MIME[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
    return this.#take(name, Math.ceil(bytes.length / 3) * 4 + mime.length) ? `data:${mime};base64,${base64(bytes)}` : null;
  }

  /** A style sheet with what it refers to inside. */
  css(source: string, from: string, depth = 0): string {
    const imported = source.replace(/@import\s+(?:url\(\s*)?(["']?)([^"')\s;]+)\1\s*\)?([^;]*);/g, (whole, _quote, reference: string, condition: string) => {
      const name = depth < DEPTH_MAX ? this.#resolve(reference, from) : null;
      if (name === null || !this.#take(name, this.#files.get(name)?.length ?? 0)) return whole;
      const inner = this.css(this.#text(name), name, depth + 1);
      return condition.trim() === "" ? inner : `@media ${condition.trim()} {${inner}}`;
    });
    return imported.replace(/url\(\s*(["']?)([^"')]+)\1\s*\)/g, (whole, _quote, reference: string) => {
      const name = this.#resolve(reference.trim(), from);
      const data = name === null ? null : this.#data(name);
      return data === null ? whole : `url("${data}")`;
    });
  }

  /** A module whose relative imports have become data; a circle of imports is left as it is. */
  #module(source: string, from: string, above: readonly string[]): string {
    return source.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}\/[^"'\n]+)\2/g, (whole, before: string, _quote, reference: string) => {
      const name = this.#resolve(reference, from);
      if (name === null || above.includes(name) || above.length >= DEPTH_MAX || !this.#take(name, 2 * (this.#files.get(name)?.length ?? 0))) return whole;
      const inner = this.#module(this.#text(name), name, [...above, name]);
      return `${before}"data:text/javascript;base64,${base64(new TextEncoder().encode(inner))}"`;
    });
  }

  page(page: string, from: string): string {
    let out = "";
    let at = 0;
    for (const tag of tags(page)) {
      this.#at = tag.start;
      out += page.slice(at, tag.start) + this.#tag(page, tag, from);
      at = tag.text?.after ?? tag.end;
    }
    return out + page.slice(at);
  }

  #tag(page: string, tag: Tag, from: string): string {
    const { name, text } = tag;
    const whole = page.slice(tag.start, text?.after ?? tag.end);
    const kept = (...without: string[]) => tag.attributes.filter((attribute) => !without.includes(attribute.name)).map((attribute) => ` ${attribute.name}="${escaped(attribute.value)}"`).join("");
    if (name === "link") {
      const rel = attributeOf(tag, "rel")?.value.toLowerCase() ?? "";
      const file = this.#resolve(attributeOf(tag, "href")?.value ?? "", from);
      if (file === null) return whole;
      if (!/\bstylesheet\b/.test(rel)) return /\b(icon|preload|apple-touch-icon)\b/.test(rel) ? this.#replaced(page, tag, from, ["href"]) : whole;
      if (!this.#take(file, this.#files.get(file)?.length ?? 0)) return whole;
      return `<style${kept("rel", "href", "type", "integrity", "crossorigin")}>${this.css(this.#text(file), file).replace(/<\/(style)/gi, "<\\/$1")}</style>`;
    }
    if (name === "script" && text !== undefined) {
      const source = attributeOf(tag, "src");
      const module = attributeOf(tag, "type")?.value.toLowerCase() === "module";
      if (source === undefined) return module ? page.slice(tag.start, tag.end) + this.#module(page.slice(text.start, text.end), from, []) + page.slice(text.end, text.after) : whole;
      const file = this.#resolve(source.value, from);
      if (file === null || !this.#take(file, this.#files.get(file)?.length ?? 0)) return whole;
      const code = module ? this.#module(this.#text(file), file, [file]) : this.#text(file);
      // A deferred or module script runs after parsing; inline only a module does, and data can be deferred.
      if (!module && (attributeOf(tag, "defer") || attributeOf(tag, "async"))) return `<script${kept("src", "integrity", "crossorigin")} src="data:text/javascript;base64,${base64(new TextEncoder().encode(code))}"></script>`;
      return `<script${kept("src", "integrity", "crossorigin")}>${code.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--")}</script>`;
    }
    if (name === "style" && text !== undefined) return page.slice(tag.start, tag.end) + this.css(page.slice(text.start, text.end), from) + page.slice(text.end, text.after);
    if (text !== undefined) return whole;
    const references = REFERENCES[name] ?? [];
    const styled = attributeOf(tag, "style") !== undefined;
    return references.length > 0 || styled ? this.#replaced(page, tag, from, references) : whole;
  }

  /** The tag with the values of some attributes become data. */
  #replaced(page: string, tag: Tag, from: string, names: readonly string[]): string {
    let out = "";
    let at = tag.start;
    for (const attribute of tag.attributes) {
      const value = this.#value(attribute, from, names);
      if (value === null) continue;
      out += `${page.slice(at, attribute.start)}${attribute.name}="${escaped(value)}"`;
      at = attribute.end;
    }
    return out + page.slice(at, tag.end);
  }

  #value({ name, value }: Attribute, from: string, names: readonly string[]): string | null {
    if (name === "style") return value.includes("url(") ? this.css(value, from) : null;
    if (!names.includes(name)) return null;
    if (name === "srcset") {
      return value.split(",").map((part) => {
        const [reference = "", ...size] = part.trim().split(/\s+/);
        const file = this.#resolve(reference, from);
        return [(file === null ? null : this.#data(file)) ?? reference, ...size].join(" ");
      }).join(", ");
    }
    const file = this.#resolve(value.trim(), from);
    return file === null ? null : this.#data(file);
  }
}

