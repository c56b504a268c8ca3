/** What scripts/guest-build.mjs writes beside a guest's service. */
export const mainModule: string;
export const compatibilityFlags: string[];
export function modules(): Record<string, { js: string } | { text: string } | { data: ArrayBuffer } | { wasm: ArrayBuffer }>;
