/** Backslashes that stand for characters. */
import { decode, encode } from "./bytes.js";

/** The escapes of `$'…'`, `echo -e` and printf. */
export function unescapeAnsi(raw: string): string {
  const bytes: string[] = raw.split("");
  let text = "";
  const simple: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"', "?": "?" };
  for (let at = 0; at < bytes.length; at += 1) {
    const char = raw[at]!;
    if (char !== "\\" || at + 1 >= raw.length) {
      text += char;
      continue;
    }
    const rest = raw.slice(at + 1);
    const number = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))/.exec(rest);
    const next = raw[at + 1]!;
    if (number !== null) {
      const [whole, hex, u4, u8, octal] = number;
      if (u4 !== undefined || u8 !== undefined) text += String.fromCodePoint(Number.parseInt((u4 ?? u8)!, 16));
      else {
        const byte = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal!, 8) & 0xff;
        text += byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 | byte);
      }
      at += whole.length;
    } else if (next === "c" && raw[at + 2] !== undefined) {
      text += String.fromCharCode(raw.charCodeAt(at + 2) & 0x1f);
      at += 2;
    } else {
      text += simple[next] ?? `\\${next}`;
      at += 1;
    }
  }
  return text.isWellFormed() ? text : rejoined(text);
}
/** Bytes given one by one may make characters together. */
export const rejoined = (text: string): string => decode(encode(text));
