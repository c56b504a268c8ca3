/** Checks one page: its markup, the style sheets and scripts inside it and beside it. Pure: text in, messages out. */
import { parse } from "acorn";
import htmlhint from "htmlhint";
import { checkCss } from "../css/check.js";
import { type Message, type Place, placeOf } from "./messages.js";
import { attributeOf, type Tag, tags } from "./tags.js";

/** What makes a page wrong; the other rules make it better. */
const ERRORS: Record<string, unknown> = { "tag-pair": true, "attr-no-duplication": true, "id-unique": true, "attr-unsafe-chars": true, "src-not-empty": true, "tag-no-obsolete": true, "title-require": false };
const ADVICE: Record<string, unknown> = {
  "doctype-first": true, "title-require": true, "alt-require": true, "html-lang-require": true, "spec-char-escape": true, "attr-value-not-empty": false, "tag-self-close": false, "meta-charset-require": true, "button-type-require": false, "h1-require": false, "href-abs-or-rel": false, "frame-title-require": true,
};
const OPTIONAL_END = new Set(["p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "html", "head", "body", "rt", "rp"]);

export function checkJs(source: string, file: string, module: boolean, from: Place = { line: 1, column: 1 }): Message[] {
  try {
    parse(source, { ecmaVersion: "latest", sourceType: module ? "module" : "script", allowHashBang: true });
    return [];
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    const line = loc?.line ?? 1;
    return [{ file, line: from.line + line - 1, column: (line === 1 ? from.column : 1) + (loc?.column ?? 0), severity: "error", rule: "js-syntax", message: message.replace(/ \(\d+:\d+\)$/, "") }];
  }
}

/** Fields that nobody can tell the meaning of: without a label around them, for them, or among their attributes. */
function unlabelled(page: string, all: readonly Tag[]): Tag[] {
  const labels = all.filter(({ name }) => name === "label");
  const named = new Set(labels.map((label) => attributeOf(label, "for")?.value));
  const around = labels.map((label) => [label.end, page.toLowerCase().indexOf("</label", label.end)] as const);
  return all.filter((tag) => {
    if (!/^(input|select|textarea)$/.test(tag.name)) return false;
    if (/^(hidden|submit|button|reset|image)$/i.test(attributeOf(tag, "type")?.value ?? "")) return false;
    if (["aria-label", "aria-labelledby", "title"].some((name) => attributeOf(tag, name) !== undefined)) return false;
    const id = attributeOf(tag, "id")?.value;
    return !(id !== undefined && named.has(id)) && !around.some(([from, to]) => tag.start >= from && tag.start < to);
  });
}

export function checkHtml(page: string, file: string): Message[] {
  const own = [...tags(page)];
  const raw = own.flatMap((tag) => (tag.text !== undefined && /^(textarea|title)$/.test(tag.name) ? [tag.text] : []));
  const lines = page.split("\n");
  const offsetOf = (line: number, column: number): number => lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  const rules = Object.fromEntries(Object.entries({ ...ERRORS, ...ADVICE }).filter(([name, on]) => on && name in htmlhint.HTMLHint.rules));
  const whole = /<(html|head|body)[\s>]|<!doctype/i.test(page);
  const found: Message[] = [];
  for (const { line, col, message, rule } of htmlhint.HTMLHint.verify(page, rules)) {
    const at = offsetOf(line, col);
    // What stands in a title or a text area is text, whatever it looks like.
    if (raw.some(({ start, end }) => at >= start && at < end)) continue;
    if (rule.id === "tag-no-obsolete" && page.startsWith("</", at)) continue;
    // A fragment is a page too: the preview gives it what a document needs.
    if (!whole && /^(doctype-first|title-require|html-lang-require|meta-charset-require)$/.test(rule.id)) continue;
    const unpaired = rule.id === "tag-pair" ? [...message.matchAll(/<\/(\w+)>/g)].map(([, name]) => (name ?? "").toLowerCase()) : [];
    const optional = /missing/.test(message) && unpaired.length > 0 && unpaired.every((name) => OPTIONAL_END.has(name));
    found.push({ file, line, column: col, severity: rule.id in ERRORS && ERRORS[rule.id] && !optional ? "error" : "warning", rule: rule.id, message: message.replace(/\s+/g, " ").trim() });
  }
  for (const tag of unlabelled(page, own)) found.push({ file, ...placeOf(page, tag.start), severity: "warning", rule: "input-requires-label", message: `this <${tag.name}> has no label: put it into a <label>, or name its id in the label's "for"` });
  for (const tag of own) {
    if (tag.text === undefined) continue;
    const text = page.slice(tag.text.start, tag.text.end);
    const place = placeOf(page, tag.text.start);
    const type = attributeOf(tag, "type")?.value.toLowerCase() ?? "";
    if (tag.name === "style" && (type === "" || type === "text/css")) found.push(...checkCss(text, file, place.line, place.column));
    if (tag.name === "script" && attributeOf(tag, "src") === undefined && /^(|module|text\/javascript|application\/javascript)$/.test(type)) found.push(...checkJs(text, file, type === "module", place));
  }
  return found;
}
