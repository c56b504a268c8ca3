/**
 * Terminal text to styled pieces: SGR colours become styles, every other escape sequence and control is dropped.
 * It produces data only; nothing here touches the page, and nothing from the text ever becomes markup.
 */

export interface Style {
  fg?: string; // "1".."15": palette index as a class; "rgb(…)": a colour
  bg?: string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
}

export type Piece = { text: string; style: Style | null } | 'return';

const ESCAPE_CHARS_MAX = 256; // an unfinished sequence longer than this is not one

const SEQUENCE =
  // CSI, OSC/DCS/APC strings up to BEL or ST, two-character escapes
  // eslint-disable-next-line no-control-regex
  /\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])|\r\n|\r|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b/g;

export class Ansi {
  private style: Style | null = null;
  private rest = '';

  parse(input: string): Piece[] {
    let text = this.rest + input;
    this.rest = '';
    const tail = unfinished(text);
    if (tail >= 0 && text.length - tail <= ESCAPE_CHARS_MAX) {
      this.rest = text.slice(tail);
      text = text.slice(0, tail);
    }
    const pieces: Piece[] = [];
    let from = 0;
    const push = (piece: string): void => {
      if (piece !== '') pieces.push({ text: piece, style: this.style });
    };
    for (const match of text.matchAll(SEQUENCE)) {
      push(text.slice(from, match.index));
      from = match.index + match[0].length;
      if (match[0] === '\r\n') push('\n');
      else if (match[0] === '\r') pieces.push('return');
      else if (match[2] === 'm') this.style = restyle(this.style, match[1] ?? '');
    }
    push(text.slice(from));
    return pieces;
  }
}

/** Where an escape sequence (or a carriage return whose line feed may follow) begins that the text cuts off, or -1. */
function unfinished(text: string): number {
  if (text.endsWith('\r')) return text.length - 1;
  const start = text.lastIndexOf('\x1b');
  if (start < 0) return -1;
  const tail = text.slice(start);
  // eslint-disable-next-line no-control-regex
  return /^\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*)?$/.test(tail) ? start : -1;
}

function restyle(current: Style | null, parameters: string): Style | null {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number.parseInt(code, 10)));
  let style: Style = { ...current };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) (delete style.bold, delete style.dim);
    else if (code === 23) delete style.italic;
    else if (code === 24) delete style.underline;
    else if (code === 27) delete style.inverse;
    else if (code === 29) delete style.strike;
    else if (code === 39) delete style.fg;
    else if (code === 49) delete style.bg;
    else if (code >= 30 && code <= 37) style.fg = String(code - 30);
    else if (code >= 40 && code <= 47) style.bg = String(code - 40);
    else if (code >= 90 && code <= 97) style.fg = String(code - 82);
    else if (code >= 100 && code <= 107) style.bg = String(code - 92);
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes, i + 1);
      i += used;
      if (colour !== null) style[code === 38 ? 'fg' : 'bg'] = colour;
    }
  }
  return Object.keys(style).length === 0 ? null : style;
}

/** The colour that follows 38 or 48, and how many codes it took. */
function extended(codes: number[], at: number): [string | null, number] {
  const byte = (i: number): number => Math.min(255, Math.max(0, codes[i] ?? 0));
  if (codes[at] === 2) return [`rgb(${byte(at + 1)},${byte(at + 2)},${byte(at + 3)})`, 4];
  if (codes[at] !== 5) return [null, 1];
  const n = byte(at + 1);
  if (n < 16) return [String(n), 2];
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return [`rgb(${grey},${grey},${grey})`, 2];
  }
  const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
  const cube = n - 16;
  return [`rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`, 2];
}
