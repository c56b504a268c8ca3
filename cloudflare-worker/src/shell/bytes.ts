/**
 * Text and bytes: a shell's strings are JavaScript strings, and a byte that is no UTF-8 is kept as a lone surrogate U+DC80…U+DCFF.
 * So every sequence of bytes goes through variables and text commands unchanged. Nothing here knows streams or files.
 */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const ESCAPE = 0xdc00;

export const EMPTY: Uint8Array = new Uint8Array(0);

export function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

/** How long the character at a place is, or 0 when it is none. */
function sequence(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let next = 1; next < length; next += 1) if ((bytes[at + next]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) || (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0;
  return length;
}

function decodeBroken(bytes: Uint8Array): string {
  let text = "";
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequence(bytes, at);
    if (length === 0) {
      text += utf8.decode(bytes.subarray(start, at)) + String.fromCharCode(ESCAPE | bytes[at]!);
      at += 1;
      start = at;
    } else at += length;
  }
  return text + utf8.decode(bytes.subarray(start));
}

export function encode(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(at + 1);
    if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
      at += 1;
      continue;
    }
    parts.push(encoder.encode(text.slice(start, at)), unit >= 0xdc80 && unit <= 0xdcff ? Uint8Array.of(unit & 0xff) : encoder.encode("\ufffd"));
    start = at + 1;
  }
  parts.push(encoder.encode(text.slice(start)));
  return concat(parts);
}

/** One character to a byte. */
export const latin1 = (bytes: Uint8Array): string => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
};
export const fromLatin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Characters as people count them; a broken byte is one. */
export const charCount = (text: string): number => {
  if (!/[\ud800-\udbff]/.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
export const charsOf = (text: string): string[] | string => (/[\ud800-\udbff]/.test(text) ? [...text] : text);
export function sliceChars(text: string, start: number, end?: number): string {
  const chars = charsOf(text);
  return typeof chars === "string" ? chars.slice(start, end) : chars.slice(start, end).join("");
}
