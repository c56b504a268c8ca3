/** Checks one style sheet: what does not parse is an error, what the dictionary of properties does not know is a warning. Pure. */
import * as csstree from "css-tree";
import type { Message } from "../html/messages.js";

/** Said of values that cannot be judged, not of wrong ones. */
const UNJUDGED = /var\(\)|custom properties|Lexer matching|is not supported|env\(\)|attr\(\)/;

/** Where the parser needs an ampersand that the language no longer asks for: before a nested rule. Answers the offsets. */
function nestedRules(source: string): number[] {
  const found: number[] = [];
  const open: boolean[] = [];
  let start = -1;
  for (const { 0: token, index } of source.matchAll(/\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|[{};]|[^\s"'{};/]+|\//g)) {
    if (token.startsWith("/*")) continue;
    if (token === "{") {
      const atRule = source[start] === "@";
      if (open.includes(true) && start >= 0 && /[.#[:>+~*]/.test(source[start] as string)) found.push(start);
      open.push(!atRule);
      start = -1;
    } else if (token === "}") {
      open.pop();
      start = -1;
    } else if (token === ";") start = -1;
    else if (start < 0) start = index;
  }
  return found;
}

/** The conditions of these rules nest deeper than the parser knows. */
const CONDITION = /@(?:supports|container)\b[^{]*\{/g;

export function checkCss(given: string, file: string, line = 1, column = 1): Message[] {
  const found: Message[] = [];
  const inserted = nestedRules(given);
  const source = inserted.reduceRight((text, at) => `${text.slice(0, at)}&${text.slice(at)}`, given);
  const marks = inserted.map((at) => ({ line: line + given.slice(0, at).split("\n").length - 1, column: at - given.lastIndexOf("\n", at - 1) }));
  const add = (severity: Message["severity"], rule: string, message: string, at: { line: number; column: number } | undefined) => {
    const shift = marks.filter((mark) => mark.line === at?.line && mark.column < (at?.column ?? 0)).length;
    found.push({ file, line: at?.line ?? line, column: (at?.column ?? column) - shift, severity, rule, message: message.replace(/\s+/g, " ").replaceAll("`", '"') });
  };
  const conditions = [...source.matchAll(CONDITION)].map(({ 0: text, index }) => [index, index + text.length] as const);
  const tree = csstree.parse(source, {
    positions: true, line, column,
    onParseError: (error) => {
      if (!conditions.some(([from, to]) => error.offset >= from && error.offset < to)) add("error", "css-syntax", source[error.offset] === ":" ? 'Unexpected ":": is a ; missing before this declaration?' : error.message, error);
    },
  });
  const blocks: string[] = [];
  csstree.walk(tree, {
    enter(node) {
      if (node.type === "Atrule") {
        blocks.push(node.name);
        const fault = csstree.lexer.checkAtruleName(node.name);
        if (fault) add("warning", "css-at-rule", fault.message, node.loc?.start);
      } else if (node.type === "Declaration" && !/^(--|-[a-z]+-)/.test(node.property)) {
        if (typeof node.important === "string") add("warning", "css-value", `"!${node.important}" is not known; "!important" is`, node.loc?.start);
        const rule = blocks.at(-1) ?? "";
        const descriptor = /^(font-face|counter-style|property|font-feature-values|page|font-palette-values|view-transition)$/.test(rule);
        const { error } = descriptor ? csstree.lexer.matchAtruleDescriptor(rule, node.property, node.value) : csstree.lexer.matchProperty(node.property, node.value);
        if (!error || UNJUDGED.test(error.message) || (descriptor && rule === "page")) return;
        if (error.name === "SyntaxReferenceError") add("warning", "css-property", error.message, node.loc?.start);
        else {
          const value = csstree.generate(node.value);
          add("warning", "css-value", `"${value.length > 80 ? `${value.slice(0, 80)}…` : value}" is not a value of "${node.property}"`, error.line === undefined ? node.loc?.start : { line: error.line, column: error.column ?? 1 });
        }
      }
    },
    leave(node) {
      if (node.type === "Atrule") blocks.pop();
    },
  });
  // What is not closed is closed by the parser without a word.
  const open = unclosed(given);
  if (open !== null) found.push({ file, line: line + open.line - 1, column: open.line === 1 ? column + open.column - 1 : open.column, severity: "error", rule: "css-syntax", message: open.message });
  return found;
}

function unclosed(source: string): { line: number; column: number; message: string } | null {
  const open: number[] = [];
  const fault = (at: number, message: string) => {
    const before = source.slice(0, at).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
  };
  for (const { 0: token, index } of source.matchAll(/\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|[{}]/g)) {
    const [first] = token;
    if (token === "{") open.push(index);
    else if (token === "}") open.pop();
    else if (first === "/" && (token.length < 4 || !token.endsWith("*/"))) return fault(index, "a comment is not closed: */ is missing");
    else if (first !== "/" && (token.length < 2 || !token.endsWith(first as string))) return fault(index, `a string is not closed: ${first} is missing`);
  }
  const last = open.at(-1);
  return last === undefined ? null : fault(last, "a block is not closed: } is missing");
}

/** The classes, ids and element names that a style sheet speaks of: what a sample page should have. */
export function selectorsOf(source: string): { classes: Set<string>; ids: Set<string>; types: Set<string> } {
  const found = { classes: new Set<string>(), ids: new Set<string>(), types: new Set<string>() };
  csstree.walk(csstree.parse(source), (node) => {
    if (node.type === "ClassSelector") found.classes.add(node.name);
    else if (node.type === "IdSelector") found.ids.add(node.name);
    else if (node.type === "TypeSelector") found.types.add(node.name.toLowerCase());
  });
  return found;
}
