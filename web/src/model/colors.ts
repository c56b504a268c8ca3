/** The colours of people: checked before they reach a style, with text that can be read on them. */

const COLOR = /^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i;

export const color = (value: unknown, fallback = '#5b7083'): string =>
  typeof value === 'string' && COLOR.test(value) ? value : fallback;

/** Black or white, whichever reads better on a colour like `#f08c00`. */
export function textOn(hex: string): string {
  const digits = hex.length < 7 ? [...hex.slice(1, 4)].map((digit) => digit + digit).join('') : hex.slice(1, 7);
  const linear = [0, 2, 4].map((at) => {
    const channel = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
  return 1.05 / (luminance + 0.05) >= 3.5 ? '#ffffff' : '#14181f';
}
