export function legacy(n) { return n + 1; }
