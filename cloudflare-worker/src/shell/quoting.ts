/** Text that a shell would read back as the same text, in the forms bash prints. */
const SAFE = /^[A-Za-z0-9_@%+=:,./-]+$/;
const CONTROL = /[\x00-\x1f\x7f\udc80-\udcff]/;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x07": "\\a", "\b": "\\b", "\x1b": "\\E", "\f": "\\f", "\v": "\\v", "\\": "\\\\", "'": "\\'" };

function ansi(text: string): string {
  let quoted = "";
  for (const char of text) {
    const code = char.codePointAt(0)!;
    quoted += NAMED[char] ?? (code < 32 || code === 127 || (code >= 0xdc80 && code <= 0xdcff) ? `\\${(code & 0xff).toString(8).padStart(3, "0")}` : char);
  }
  return `$'${quoted}'`;
}

/** As `${x@Q}` and `set` say it. */
export function singleQuoted(text: string): string {
  return CONTROL.test(text) ? ansi(text) : `'${text.replaceAll("'", "'\\''")}'`;
}
/** As `printf %q` says it. */
export function backslashQuoted(text: string): string {
  if (text === "") return "''";
  if (CONTROL.test(text)) return ansi(text);
  return text.replace(/[^A-Za-z0-9_@%+=:./\u0080-\u{10ffff}-]/gu, "\\$&").replace(/^[~#]/, "\\$&").replace(/^\\\\([~#])/, "\\$1");
}
/** As `declare -p` says a value. */
export function doubleQuoted(text: string): string {
  return CONTROL.test(text) ? ansi(text) : `"${text.replace(/[\\"$`]/g, "\\$&")}"`;
}
/** As `set -x` and `set` say a word: only what needs quotes has them. */
export function traced(text: string): string {
  if (text === "") return "''";
  return SAFE.test(text) || /^[A-Za-z0-9_@%+=:,./\u0080-\u{10ffff}[\]{}^-]*$/u.test(text) && !/[[\]{}^]/.test(text) ? text : singleQuoted(text);
}
