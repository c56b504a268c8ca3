export function late(): string { return "late" as const; }
