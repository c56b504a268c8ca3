/** The registry: a language is executable when it stands here. */
import type { Language } from "../language.js";
import { css } from "./css/index.js";
import { html } from "./html/index.js";
import { javascript, typescript } from "./javascript/index.js";
import { lua } from "./lua/index.js";
import { python } from "./python/index.js";
import { ruby } from "./ruby/index.js";
import { shell } from "./shell/index.js";
import { sql } from "./sql/index.js";

export const LANGUAGES: ReadonlyMap<string, Language> = new Map([javascript, typescript, python, sql, lua, html, css, ruby, shell].map((language) => [language.name, language]));

export function languageOf(name: string): Language | undefined {
  return LANGUAGES.get(name);
}
