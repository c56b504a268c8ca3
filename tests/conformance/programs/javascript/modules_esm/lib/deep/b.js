import { named } from "../a.js";
export { named as renamed } from "../a.js";
export * from "./c.js";
export const deep = () => `deep ${named}`;
