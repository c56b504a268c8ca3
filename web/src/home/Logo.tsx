/** The mark of the product. */
import type { JSX } from 'preact';

export function Logo({ size = 28 }: { size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#4f6bed" />
      <path d="M9 10l5 6-5 6" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" />
      <path d="M17.5 22H24" stroke="#8ff0c0" stroke-width="3" stroke-linecap="round" />
    </svg>
  );
}
