/** Checks one style sheet: what does not parse is an error, what the dictionary of properties does not know is a warning. Pure. */
import * as csstree from "css-tree";
import type { Message } from "../html/messages.js";

/** Said of values that cannot be judged, not of wrong ones. */
const UNJUDGED = /var\(\)|custom properties|Lexer matching|is not supported|env\(\)|attr\(\)/;

export function checkCss(source: string, file: string, line = 1, column = 1): Message[] {
  const found: Message[] = [];
  const add = (severity: Message["severity"], rule: string, message: string, at: { line: number; column: number } | undefined) => {
    found.push({ file, line: at?.line ?? line, column: at?.column ?? column, severity, rule, message });
  };
  const tree = csstree.parse(source, {
    positions: true, line, column,
    onParseError: (error) => add("error", "css-syntax", error.message, error),
  });
  const blocks: string[] = [];
  csstree.walk(tree, {
    enter(node) {
      if (node.type === "Atrule") {
        blocks.push(node.name);
        const fault = csstree.lexer.checkAtruleName(node.name);
        if (fault) add("warning", "css-at-rule", fault.message, node.loc?.start);
      } else if (node.type === "Declaration" && !/^(--|-[a-z]+-)/.test(node.property)) {
        const rule = blocks.at(-1) ?? "";
        const descriptor = /^(font-face|counter-style|property|font-feature-values|page|font-palette-values|view-transition)$/.test(rule);
        const { error } = descriptor ? csstree.lexer.matchAtruleDescriptor(rule, node.property, node.value) : csstree.lexer.matchProperty(node.property, node.value);
        if (!error || UNJUDGED.test(error.message) || (descriptor && rule === "page")) return;
        if (error.name === "SyntaxReferenceError") add("warning", "css-property", error.message.replace(/`/g, '"'), node.loc?.start);
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
  // An unclosed block is closed by the parser without a word.
  const open = unclosed(source);
  if (open !== null) add("error", "css-syntax", "a block is not closed: } is missing", { line: line + open.line - 1, column: open.line === 1 ? column + open.column - 1 : open.column });
  return found;
}

function unclosed(source: string): { line: number; column: number } | null {
  const open: number[] = [];
  for (const { 0: token, index } of source.matchAll(/\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|[{}]/g)) {
    if (token === "{") open.push(index);
    else if (token === "}") open.pop();
  }
  const last = open.at(-1);
  if (last === undefined) return null;
  const before = source.slice(0, last).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
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
