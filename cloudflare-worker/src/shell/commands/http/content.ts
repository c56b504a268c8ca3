/** What curl sends: form fields, data from options, files and standard input, multipart bodies. */
import { concat, decode, encode } from "../../bytes.js";
import type { Io } from "../../machine.js";

/** `@name` is a file's content, `@-` standard input's. */
export async function given(io: Io, text: string): Promise<Uint8Array> {
  return text.startsWith("@") ? io.bytes(io.open(text.slice(1))) : encode(text);
}

const BREAKS = /[\r\n\0]/g;

/** The data options in their order, joined as a form's fields are. */
export async function data(io: Io, options: readonly [name: string, value: string][]): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  for (const [name, value] of options) {
    const part = await piece(io, name, value);
    if (part === null) continue;
    // --json takes its pieces as they are.
    if (parts.length > 0 && name !== "json") parts.push(encode("&"));
    parts.push(part);
  }
  return parts.length === 0 ? null : concat(parts);
}

async function piece(io: Io, name: string, value: string): Promise<Uint8Array | null> {
  switch (name) {
    case "d": return value.startsWith("@") ? encode(decode(await given(io, value)).replace(BREAKS, "")) : encode(value);
    case "data-raw": return encode(value);
    case "data-binary":
    case "json": return given(io, value);
    case "data-urlencode": {
      const at = value.search(/[=@]/);
      const label = at > 0 ? `${value.slice(0, at)}=` : "";
      const content = at < 0 ? value : value[at] === "=" ? value.slice(at + 1) : decode(await given(io, value.slice(at)));
      return encode(label + escaped(content));
    }
    default: return null;
  }
}
/** As curl escapes: all but letters, digits and `-._~`; a space is a plus. */
const escaped = (text: string): string => [...encode(text)].map((byte) => (/[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)).join("").replaceAll("%20", "+");

/** `name=value`, `name=@file;type=…;filename=…`, `name=<file`; null when one of them is none of these. */
export async function multipart(io: Io, forms: readonly string[]): Promise<{ body: Uint8Array; type: string } | null> {
  const boundary = `------------------------${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const parts: Uint8Array[] = [];
  for (const form of forms) {
    const equals = form.indexOf("=");
    if (equals < 1) return null;
    const name = form.slice(0, equals);
    const source = form.slice(equals + 1);
    const [, kind, content, rest] = /^([@<]?)((?:(?!;(?:type|filename)=).)*)((?:;(?:type|filename)=[^;]*)*)$/s.exec(source)!;
    const set = new Map([...rest!.matchAll(/;(type|filename)=([^;]*)/g)].map(([, key, value]) => [key!, value!]));
    const bytes = kind === "" ? encode(content!) : await io.bytes(io.open(content!));
    const file = kind === "@" ? (set.get("filename") ?? content!.split("/").at(-1)!) : set.get("filename");
    const type = set.get("type") ?? (kind === "@" ? typeOf(content!) : undefined);
    const head = `Content-Disposition: form-data; name="${quoted(name)}"${file === undefined ? "" : `; filename="${quoted(file)}"`}${type === undefined ? "" : `\r\nContent-Type: ${type}`}`;
    parts.push(encode(`--${boundary}\r\n${head}\r\n\r\n`), bytes, encode("\r\n"));
  }
  return { body: concat([...parts, encode(`--${boundary}--\r\n`)]), type: `multipart/form-data; boundary=${boundary}` };
}
const quoted = (text: string): string => text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");

const TYPES: Readonly<Record<string, string>> = { gif: "image/gif", jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", svg: "image/svg+xml", txt: "text/plain", htm: "text/html", html: "text/html", pdf: "application/pdf", xml: "application/xml" };
const typeOf = (name: string): string => TYPES[name.split(".").at(-1)!.toLowerCase()] ?? "application/octet-stream";
