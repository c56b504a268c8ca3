import type { Config } from "../types.ts";
const defaults: Config = { name: "x", verbose: false };
export default defaults;
export const double = (n: number): number => n * 2;
