export const modern = (n: number): string => `${n}`.padStart(3, "0");
