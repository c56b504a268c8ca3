/** The registry: a language is executable when it stands here. */
import type { Language } from "../language.js";
import { javascript, typescript } from "./javascript/index.js";
import { python } from "./python/index.js";
import { sql } from "./sql/index.js";

export const LANGUAGES: ReadonlyMap<string, Language> = new Map([javascript, typescript, python, sql].map((language) => [language.name, language]));

export function languageOf(name: string): Language | undefined {
  return LANGUAGES.get(name);
}
