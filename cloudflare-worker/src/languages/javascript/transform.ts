/**
 * Rewrites one source file so that everything it reaches goes through the linker: imports, exports, `import()`, `import.meta`.
 * Lines stay where they are, so errors point at what the user wrote. It never decides what may be imported.
 */
import { type Options, Parser } from "acorn";
import MagicString from "magic-string";
import { type AnyNode, childrenOf, lexicalNames, patternNames, referencesTo } from "./scope.js";

/** A static import: its specifier, and the line that an error about it points at. */
export interface ImportedFrom {
  specifier: string;
  line: number;
  /** What must be there under its name. */
  names: string[];
}
export interface Transformed {
  kind: "module" | "script";
  /**
   * The function that runs the file: of a module as an ES module's default export, of a script as an expression for the harness to evaluate.
   * Each goes to the engine under the grammar it was parsed with (`<!--` is a comment in scripts only), so both read the same program.
   * The loader's CommonJS modules would not do: their scope object leads to a native `require`.
   */
  code: string;
  /** How far the first line was moved to the right. */
  shift: number;
  imports: ImportedFrom[];
  /** Literal `require("…")` and `import("…")`: for finding what may be needed, nothing else. */
  mentions: string[];
  /** Something is required or imported whose name is only known at run time. */
  computed: boolean;
  async: boolean;
  program: AnyNode;
  original: string;
  /** What became of a part of the source. */
  rewritten(start: number, end: number): string;
}

export class SourceError extends Error {
  readonly line: number;
  readonly column: number;
  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** The wrapper's name in stack traces; the cleaner removes it. */
export const WRAPPER = "__program__";
const SCRIPT_PARAMETERS = ["exports", "require", "module", "__filename", "__dirname"];

const BASE: Options = { ecmaVersion: "latest", allowHashBang: true, locations: true };

function parse(source: string, options: Partial<Options>): AnyNode {
  try {
    return Parser.parse(source, { ...BASE, ...options }) as AnyNode;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    throw new SourceError(message.replace(/ \(\d+:\d+\)$/, ""), loc?.line ?? 1, loc?.column ?? 0);
  }
}

const MODULE_NODE = /^(Import|Export)\w*Declaration$/;

/** Does the top level use import or export declarations (or import.meta), so that it can only be a module? */
function isModule(program: AnyNode, source: string): boolean {
  return (program.body as AnyNode[]).some((statement) => MODULE_NODE.test(statement.type)) || /\bimport\s*\.\s*meta\b/.test(source);
}

export type Form = "entry" | "file";

/** A file is what its extension says; otherwise a module when it has module syntax, else a script (the entry: a function body). */
function parseAs(source: string, name: string, form: Form): { program: AnyNode; kind: "module" | "script" } {
  const module = () => parse(source, { sourceType: "module", allowReturnOutsideFunction: form === "entry" });
  const script = () => parse(source, { sourceType: "script", allowReturnOutsideFunction: true, allowAwaitOutsideFunction: form === "entry" });
  if (/\.m[jt]s$/.test(name)) return { program: module(), kind: "module" };
  if (/\.c[jt]s$/.test(name)) return { program: script(), kind: "script" };
  if (!/\b(import|export|await)\b/.test(source)) return { program: script(), kind: "script" };
  let fault: unknown;
  try {
    const program = module();
    if (isModule(program, source)) return { program, kind: "module" };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    fault = error;
  }
  try {
    return { program: script(), kind: "script" };
  } catch (error) {
    // `await` at the top of a file that is not the entry: only a module may do that.
    if (fault === undefined) return { program: module(), kind: "module" };
    throw /^\s*(import|export)\b/m.test(source) ? fault : error;
  }
}

/** An identifier that occurs nowhere in the source. */
function fresh(source: string, wish: string): string {
  let name = wish;
  while (source.includes(name)) name += "_";
  return name;
}

/** @param environment the name under which the file sees what was kept of earlier runs. */
export function transform(source: string, name: string, form: Form, environment?: string): Transformed {
  const { program, kind } = parseAs(source, name, form);
  const text = new MagicString(source);
  if (source.startsWith("#!")) text.overwrite(0, 2, "//");
  const linker = fresh(source, "$link");
  const out: Transformed = { kind, code: "", shift: 0, imports: [], mentions: [], computed: false, async: form === "entry", program, original: source, rewritten: (start, end) => text.slice(start, end) };
  rewriteDynamic(program, text, linker, out);
  const prefix = kind === "module" ? moduleForm(program, source, text, linker, out) : scriptForm(program, linker, form);
  const before = environment === undefined ? prefix : `${prefix}const ${environment}=${linker}.environment;`;
  out.code = `${before}${text.toString()}\n}${kind === "script" ? ")" : ""}`;
  out.shift = before.length;
  return out;
}

function scriptForm(program: AnyNode, linker: string, form: Form): string {
  // `const module = …` at the top is an error in Node; a function body may well say it, so the parameter steps aside.
  const own = lexicalNames(program.body);
  const parameters = SCRIPT_PARAMETERS.map((parameter) => (own.has(parameter) ? `${linker}_${parameter}` : parameter));
  return `(${form === "entry" ? "async " : ""}function ${WRAPPER}(${parameters.join(",")},${linker}){`;
}

/** Is the text one expression, which nothing in it can end? */
export function parseExpression(text: string): boolean {
  try {
    const { body } = parse(`(${text}\n)`, { sourceType: "script", allowAwaitOutsideFunction: true });
    return body.length === 1 && body[0].type === "ExpressionStatement" && body[0].expression.end <= text.length + 2;
  } catch {
    return false;
  }
}

function literal(node: AnyNode | undefined): string | null {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked ?? null;
  return null;
}

/** `import(x)` and `import.meta` become the linker's; top-level await and mentioned modules are noted on the way. */
function rewriteDynamic(program: AnyNode, text: MagicString, linker: string, out: Transformed): void {
  const mention = (node: AnyNode | undefined) => {
    const specifier = literal(node);
    if (specifier === null) out.computed = true;
    else out.mentions.push(specifier);
  };
  const visit = (node: AnyNode, inFunction: boolean): void => {
    switch (node.type) {
      case "ImportExpression":
        if (node.phase) throw new SourceError(`import.${node.phase}() is not supported`, node.loc?.start.line ?? 1, node.loc?.start.column ?? 0);
        text.overwrite(node.start, node.start + "import".length, `${linker}.import`);
        mention(node.source);
        break;
      case "MetaProperty":
        if (node.meta.name === "import") text.overwrite(node.start, node.end, `${linker}.meta`);
        break;
      case "Identifier":
        if (node.name === "require") out.computed = true;
        break;
      case "CallExpression":
        if (node.callee.type === "Identifier" && node.callee.name === "require" && node.arguments.length === 1 && literal(node.arguments[0]) !== null) {
          mention(node.arguments[0]);
          return;
        }
        break;
      case "AwaitExpression": if (!inFunction) out.async = true; break;
      case "ForOfStatement": if (node.await && !inFunction) out.async = true; break;
      case "VariableDeclaration": if (node.kind === "await using" && !inFunction) out.async = true; break;
    }
    const inner = inFunction || /Function/.test(node.type);
    for (const child of childrenOf(node)) visit(child, inner);
  };
  visit(program, false);
}

/** Import and export declarations become getters on live namespaces; returns what stands before the first line. */
function moduleForm(program: AnyNode, source: string, text: MagicString, linker: string, out: Transformed): string {
  const space = fresh(source, "$from");
  const standard = fresh(source, "$default");
  const specifiers = new Map<string, number>();
  const imported = new Map<string, string>();
  const getters: [name: string, expression: string][] = [];
  const stars: number[] = [];
  let defaulted = false;

  const indexOf = (node: AnyNode): number => {
    const specifier = node.source.value as string;
    let index = specifiers.get(specifier);
    if (index === undefined) {
      index = out.imports.length;
      specifiers.set(specifier, index);
      out.imports.push({ specifier, line: node.loc?.start.line ?? 1, names: [] });
    }
    return index;
  };
  const nameOf = (node: AnyNode): string => (node.type === "Literal" ? (node.value as string) : (node.name as string));
  const member = (index: number, name: string) => {
    out.imports[index]?.names.push(name);
    return `${space}${index}[${JSON.stringify(name)}]`;
  };
  /** Lines must not move: what is taken out leaves its newlines behind. */
  const blank = (start: number, end: number, instead = "") => {
    text.overwrite(start, end, (instead || ";") + source.slice(start, end).replace(/[^\n]/g, ""));
  };

  for (const node of program.body as AnyNode[]) {
    if (node.type === "ImportDeclaration") {
      if (node.phase) throw new SourceError(`import ${node.phase} is not supported`, node.loc?.start.line ?? 1, 0);
      const index = indexOf(node);
      for (const specifier of node.specifiers as AnyNode[]) {
        const from = specifier.type === "ImportNamespaceSpecifier" ? `${space}${index}` : member(index, specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(specifier.imported));
        imported.set(specifier.local.name, from);
      }
      blank(node.start, node.end);
    } else if (node.type === "ExportAllDeclaration") {
      const index = indexOf(node);
      if (node.exported) getters.push([nameOf(node.exported), `${space}${index}`]);
      else stars.push(index);
      blank(node.start, node.end);
    } else if (node.type === "ExportNamedDeclaration" && node.source) {
      const index = indexOf(node);
      for (const specifier of node.specifiers as AnyNode[]) getters.push([nameOf(specifier.exported), member(index, nameOf(specifier.local))]);
      blank(node.start, node.end);
    } else if (node.type === "ExportNamedDeclaration" && node.declaration) {
      const names = node.declaration.type === "VariableDeclaration"
        ? (node.declaration.declarations as AnyNode[]).reduce((into, declared) => patternNames(declared.id, into), new Set<string>())
        : new Set([node.declaration.id.name as string]);
      for (const name of names) getters.push([name, name]);
      blank(node.start, node.declaration.start, " ");
    } else if (node.type === "ExportDefaultDeclaration") {
      const { declaration } = node;
      if (/^(Function|Class)Declaration$/.test(declaration.type) && declaration.id) {
        getters.push(["default", declaration.id.name]);
        blank(node.start, declaration.start, " ");
      } else {
        defaulted = true;
        getters.push(["default", standard]);
        // The object gives an anonymous function or class the name "default", as the language wants it.
        blank(node.start, declaration.start, `;${standard}={default:`);
        const parenthesised = source.slice(declaration.end, node.end);
        const close = parenthesised.lastIndexOf(")");
        text.appendLeft(close < 0 ? declaration.end : declaration.end + close + 1, "}.default;");
      }
    }
  }
  // Second, because `export { x }` may stand before the import of x.
  for (const node of program.body as AnyNode[]) {
    if (node.type !== "ExportNamedDeclaration" || node.source || node.declaration) continue;
    for (const specifier of node.specifiers as AnyNode[]) {
      const local = nameOf(specifier.local);
      getters.push([nameOf(specifier.exported), imported.get(local) ?? local]);
    }
    blank(node.start, node.end);
  }
  for (const reference of referencesTo(program, new Set(imported.keys()))) {
    const from = imported.get(reference.name) as string;
    if (reference.shorthand) text.appendLeft(reference.end, `:${from}`);
    // Not overwrite(): that would drop what was put behind the name before.
    else text.update(reference.start, reference.end, reference.callee ? `(0,${from})` : from);
  }
  const spaces = out.imports.map((_, index) => `${space}${index}=${linker}.from(${index})`);
  const declarations = (spaces.length > 0 ? `const ${spaces.join(",")};` : "") + (defaulted ? `let ${standard};` : "");
  const exports = getters.map(([name, expression]) => `[${JSON.stringify(name)},()=>${expression}]`).join(",");
  return `export default ${out.async ? "async " : ""}function*${WRAPPER}(${linker}){${declarations}${linker}.export([${exports}],[${stars.join(",")}]);yield;`;
}
