/** Decimal numbers of any length, with a scale as bc counts it. */
import { BcFault } from "./syntax.js";

export const DIGITS_MAX = 100_000;

/** `value` divided by ten to the power of `scale`. */
export interface Num {
  value: bigint;
  scale: number;
}
export const ZERO: Num = { value: 0n, scale: 0 };
export const ten = (power: number): bigint => {
  if (power > DIGITS_MAX) throw new BcFault(`more than ${DIGITS_MAX} digits`);
  return 10n ** BigInt(power);
};
export const scaled = ({ value, scale }: Num, to: number): bigint => (to >= scale ? value * ten(to - scale) : value / ten(scale - to));
export const whole = (value: number | bigint): Num => ({ value: BigInt(value), scale: 0 });
export const cut = (number: Num, scale: number): Num => (number.scale <= scale ? number : { value: number.value / ten(number.scale - scale), scale });
export const add = (a: Num, b: Num, sign = 1n): Num => {
  const scale = Math.max(a.scale, b.scale);
  return { value: scaled(a, scale) + sign * scaled(b, scale), scale };
};
export const compare = (a: Num, b: Num): number => {
  const difference = add(a, b, -1n).value;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
export const multiply = (a: Num, b: Num, scale: number): Num => {
  const product = { value: a.value * b.value, scale: a.scale + b.scale };
  return cut(product, Math.min(product.scale, Math.max(scale, a.scale, b.scale)));
};
export function divide(a: Num, b: Num, scale: number): Num {
  if (b.value === 0n) throw new BcFault("divide by zero");
  return { value: (a.value * ten(scale + b.scale)) / b.value / ten(a.scale), scale };
}
export function remainder(a: Num, b: Num, scale: number): Num {
  const quotient = divide(a, b, scale);
  const full = Math.max(scale + b.scale, a.scale);
  const product = { value: quotient.value * b.value, scale: quotient.scale + b.scale };
  return cut(add(a, product, -1n), full);
}
export function power(a: Num, b: Num, scale: number): Num {
  const exponent = b.value / ten(b.scale);
  if (exponent === 0n) return whole(1);
  const size = exponent < 0n ? -exponent : exponent;
  if (size * BigInt(String(a.value).length) > BigInt(DIGITS_MAX)) throw new BcFault(`more than ${DIGITS_MAX} digits`);
  const full = { value: a.value ** size, scale: a.scale * Number(size) };
  if (exponent < 0n) return divide(whole(1), full, scale);
  return cut(full, Math.min(full.scale, Math.max(scale, a.scale)));
}
export function root(a: Num, scale: number): Num {
  if (a.value < 0n) throw new BcFault("square root of a negative number");
  const to = Math.max(scale, a.scale);
  const goal = scaled(a, 2 * to);
  if (goal < 2n) return { value: goal, scale: to };
  let guess = 1n << BigInt(Math.ceil(goal.toString(2).length / 2));
  for (;;) {
    const next = (guess + goal / guess) >> 1n;
    if (next >= guess) return { value: guess, scale: to };
    guess = next;
  }
}
