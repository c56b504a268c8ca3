/** SHA-256 and base64 by typed arrays alone: what a file is said to be does not depend on anything a program can patch. */
import { create } from "./primordials.js";

const K = new Uint32Array(64);
const INITIAL = new Uint32Array(8);
const SCHEDULE = new Uint32Array(64);
const STATE = new Uint32Array(8);

/** The constants are the first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3). */
function fill(): void {
  let found = 0;
  for (let candidate = 2; found < 64; candidate += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) prime = false;
    if (!prime) continue;
    if (found < 8) INITIAL[found] = (Math.sqrt(candidate) % 1) * 2 ** 32;
    K[found] = (Math.cbrt(candidate) % 1) * 2 ** 32;
    found += 1;
  }
}
fill();

const at = (array: Uint32Array | Uint8Array, index: number): number => array[index] as number;
const rotate = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits));

function block(bytes: Uint8Array, offset: number): void {
  const w = SCHEDULE;
  for (let i = 0; i < 16; i += 1) {
    const p = offset + 4 * i;
    w[i] = (at(bytes, p) << 24) | (at(bytes, p + 1) << 16) | (at(bytes, p + 2) << 8) | at(bytes, p + 3);
  }
  for (let i = 16; i < 64; i += 1) {
    const x = at(w, i - 15);
    const y = at(w, i - 2);
    w[i] = at(w, i - 16) + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + at(w, i - 7) + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10));
  }
  let a = at(STATE, 0), b = at(STATE, 1), c = at(STATE, 2), d = at(STATE, 3), e = at(STATE, 4), f = at(STATE, 5), g = at(STATE, 6), h = at(STATE, 7);
  for (let i = 0; i < 64; i += 1) {
    const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + at(K, i) + at(w, i)) | 0;
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  STATE[0] = at(STATE, 0) + a; STATE[1] = at(STATE, 1) + b; STATE[2] = at(STATE, 2) + c; STATE[3] = at(STATE, 3) + d;
  STATE[4] = at(STATE, 4) + e; STATE[5] = at(STATE, 5) + f; STATE[6] = at(STATE, 6) + g; STATE[7] = at(STATE, 7) + h;
}

const HEX = "0123456789abcdef";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function sha256(bytes: Uint8Array): string {
  for (let i = 0; i < 8; i += 1) STATE[i] = at(INITIAL, i);
  const { length } = bytes;
  const whole = length - (length % 64);
  for (let offset = 0; offset < whole; offset += 64) block(bytes, offset);
  const rest = length - whole;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  for (let i = 0; i < rest; i += 1) tail[i] = at(bytes, whole + i);
  tail[rest] = 0x80;
  let bits = length * 8;
  for (let i = tail.length - 1; bits > 0; i -= 1) {
    tail[i] = bits % 256;
    bits = (bits - (bits % 256)) / 256;
  }
  for (let offset = 0; offset < tail.length; offset += 64) block(tail, offset);
  let out = "";
  for (let i = 0; i < 8; i += 1) for (let shift = 28; shift >= 0; shift -= 4) out += HEX[(at(STATE, i) >>> shift) & 15];
  return out;
}

export function base64(bytes: Uint8Array): string {
  const { length } = bytes;
  let out = "";
  for (let i = 0; i < length; i += 3) {
    const left = length - i;
    const three = (at(bytes, i) << 16) | ((left > 1 ? at(bytes, i + 1) : 0) << 8) | (left > 2 ? at(bytes, i + 2) : 0);
    out += ALPHABET[three >>> 18] as string;
    out += ALPHABET[(three >>> 12) & 63] as string;
    out += left > 1 ? (ALPHABET[(three >>> 6) & 63] as string) : "=";
    out += left > 2 ? (ALPHABET[three & 63] as string) : "=";
  }
  return out;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** A map from names that needs no method of Map: an object without a prototype. */
export const nameMap = <T>(): Record<string, T> => create(null) as Record<string, T>;
