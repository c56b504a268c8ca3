/** C's printf: one conversion at a time, for the shell's printf, awk and others. Dates are dates.ts. */
import { charCount, sliceChars } from "./bytes.js";

export interface Conversion {
  flags: string;
  width: number | null;
  precision: number | null;
  kind: string;
  /** Written before the conversion. */
  before: string;
}

export function padded(text: string, width: number | null, flags: string): string {
  const missing = (width ?? 0) - charCount(text);
  if (missing <= 0) return text;
  return flags.includes("-") ? text + " ".repeat(missing) : " ".repeat(missing) + text;
}
function zeroPadded(sign: string, digits: string, width: number | null, flags: string, zeros: boolean): string {
  if (zeros && flags.includes("0") && !flags.includes("-")) return sign + digits.padStart((width ?? 0) - sign.length, "0");
  return padded(sign + digits, width, flags);
}
const signOf = (negative: boolean, flags: string): string => (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "");

export function formatWhole(value: bigint, { flags, width, precision, kind }: Conversion): string {
  let digits: string;
  let sign = "";
  if (kind === "d" || kind === "i") {
    sign = signOf(value < 0n, flags);
    digits = (value < 0n ? -value : value).toString();
  } else {
    const bits = BigInt.asUintN(64, value);
    digits = bits.toString(kind === "o" ? 8 : kind === "u" ? 10 : 16);
    if (kind === "X") digits = digits.toUpperCase();
    if (flags.includes("#") && bits !== 0n) {
      if (kind === "o") digits = `0${digits}`;
      else if (kind !== "u") sign = `0${kind}`;
    }
  }
  if (precision !== null) digits = precision === 0 && digits === "0" ? "" : digits.padStart(precision, "0");
  if (flags.includes("'")) digits = digits.replace(/\B(?=(\d{3})+$)/g, "");
  return zeroPadded(sign, digits, width, flags, precision === null);
}

const LONG_BITS = 64;
/** A decimal text with a fixed number of places, by way of the 80-bit number that bash's printf makes of it; null for other texts. */
export function fixedText(text: string, precision: number): string | null {
  const match = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?$/.exec(text.trim());
  if (match === null || precision > 60) return null;
  const fraction = match[3] ?? "";
  const top = BigInt(match[2]! + fraction);
  const bottom = 10n ** BigInt(fraction.length);
  if (top === 0n) return null;
  // top / bottom = mantissa × 2^shift, the mantissa of 64 bits rounded to even.
  const shift = top.toString(2).length - bottom.toString(2).length - LONG_BITS;
  const divided = (by: number): bigint => {
    const [a, b] = by < 0 ? [top << BigInt(-by), bottom] : [top, bottom << BigInt(by)];
    return rounded(a, b);
  };
  let at = shift;
  let mantissa = divided(at);
  if (mantissa.toString(2).length > LONG_BITS) {
    at += 1;
    mantissa = divided(at);
  }
  const scaled = mantissa * 10n ** BigInt(precision);
  const digits = (at >= 0 ? scaled << BigInt(at) : rounded(scaled, 1n << BigInt(-at))).toString().padStart(precision + 1, "0");
  const cut = digits.length - precision;
  return precision === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
}
/** The nearest whole number; a tie goes to the even one. */
function rounded(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  const twice = 2n * (a % b);
  return twice > b || (twice === b && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

/** Exact decimal digits of a double, as C prints them. */
function fixed(value: number, precision: number): string {
  if (precision <= 100 && Math.abs(value) < 1e21) {
    const text = value.toFixed(precision);
    // JavaScript rounds a tie up, C to the even digit. A tie has few binary places, so this is exact.
    const exact = value.toFixed(Math.min(100, precision + 40));
    const cut = exact.length - (Math.min(100, precision + 40) - precision);
    if (!/^\.?50*$/.test(exact.slice(cut)) && !/^50*$/.test(exact.slice(cut).replace(".", ""))) return text;
    const kept = exact.slice(0, cut).replace(/\.$/, "");
    return /[02468]$/.test(kept) ? kept : text;
  }
  const whole = BigInt(Math.trunc(Math.abs(value))).toString();
  return precision === 0 ? whole : `${whole}.${"0".repeat(precision)}`;
}
function exponent(value: number, precision: number): string {
  const text = value.toExponential(Math.min(precision, 100));
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}
function general(value: number, precision: number, keep: boolean): string {
  const digits = precision === 0 ? 1 : precision;
  if (value === 0) return keep ? `0.${"0".repeat(digits - 1)}` : "0";
  const power = Number(value.toExponential(Math.min(digits - 1, 100)).split("e")[1]);
  const trim = (text: string): string => (keep || !text.includes(".") ? text : text.replace(/\.?0+$/, ""));
  if (power < -4 || power >= digits) {
    const [mantissa, rest] = exponent(value, digits - 1).split("e") as [string, string];
    return `${trim(mantissa)}e${rest}`;
  }
  return trim(fixed(value, digits - 1 - power));
}
export function formatReal(value: number, { flags, width, precision, kind }: Conversion, exact: string | null = null): string {
  const negative = value < 0 || Object.is(value, -0);
  const sign = signOf(negative, flags);
  let digits: string;
  const size = Math.abs(value);
  const places = precision ?? 6;
  if (Number.isNaN(value)) digits = "nan";
  else if (size === Number.POSITIVE_INFINITY) digits = "inf";
  else if (kind === "f" || kind === "F") digits = (exact === null ? null : fixedText(exact, places)) ?? fixed(size, places);
  else if (kind === "e" || kind === "E") digits = exponent(size, places);
  else if (kind === "a" || kind === "A") digits = hexReal(size);
  else digits = general(size, places, flags.includes("#"));
  if (kind === "E" || kind === "G" || kind === "F" || kind === "A") digits = digits.toUpperCase();
  return zeroPadded(sign, digits, width, flags, Number.isFinite(value));
}
function hexReal(value: number): string {
  if (value === 0) return "0x0p+0";
  let power = 0;
  let mantissa = value;
  while (mantissa >= 2) {
    mantissa /= 2;
    power += 1;
  }
  while (mantissa < 1) {
    mantissa *= 2;
    power -= 1;
  }
  return `0x${mantissa.toString(16)}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
export function formatText(text: string, { flags, width, precision }: Conversion): string {
  return padded(precision === null ? text : sliceChars(text, 0, precision), width, flags);
}

/** Splits a format into conversions; `star` gives the number that a `*` stands for. The last piece of text has the kind "". */
export function* conversions(format: string, star: () => number): Generator<Conversion> {
  const pattern = /%([-+ #0']*)(\*|-?\d+)?(?:\.(\*|-?\d*))?(?:hh|h|ll|l|L|j|z|t)?(\([^)]*\)T|[a-zA-Z%])?/g;
  let at = 0;
  for (let match = pattern.exec(format); match !== null; match = pattern.exec(format)) {
    const before = format.slice(at, match.index);
    at = pattern.lastIndex;
    let [, flags = "", width, precision, kind] = match as unknown as [string, string | undefined, string | undefined, string | undefined, string | undefined];
    if (kind === undefined) {
      yield { flags: match[0], width: null, precision: null, kind: "bad", before };
      continue;
    }
    let wide = width === undefined ? null : width === "*" ? star() : Number(width);
    if (wide !== null && wide < 0) {
      flags += "-";
      wide = -wide;
    }
    let exact = precision === undefined ? null : precision === "*" ? star() : Number(precision === "" ? 0 : precision);
    if (exact !== null && exact < 0) exact = null;
    yield { flags, width: wide, precision: exact, kind, before };
  }
  yield { flags: "", width: null, precision: null, kind: "", before: format.slice(at) };
}
