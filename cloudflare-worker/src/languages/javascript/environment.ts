/**
 * What a kept environment means for the entry's source: names of earlier runs come before its first line, in the same scope.
 * Functions and classes are their source again, everything else is a value that the isolate revives (runtime/kept.ts). Nothing is executed here.
 */
import { Environment } from "../../isolate/environment.js";
import type { Run } from "../../wire.js";
import { BUILD } from "./build.js";
import { type AnyNode, childrenOf, isPlainName, lexicalNames, patternNames, scopeOf, varNames } from "./scope.js";
import { parseExpression, type Transformed, transform } from "./transform.js";

const SOURCES_MAX = 5000;
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

export interface KeptImport {
  local: string;
  specifier: string;
  /** Null: the whole namespace. */
  name: string | null;
}
/** The body of a JavaScript state. `graph` is the isolate's own. */
export interface KeptScope {
  imports: KeptImport[];
  /** In the order in which they can be made; the names that hold each. */
  classes: { source: string; names: string[] }[];
  functions: string[];
  names: string[];
  graph: unknown;
}
/** What the isolate has to know to keep what it finds. */
export interface EnvironmentSheet {
  names: string[];
  graph: unknown;
  imports: KeptImport[];
  /** The text of each function and class as it runs → as it was written; null when it needs variables that will not be there. */
  sources: [text: string, source: string | null][];
  lost: string[];
}

const NOTHING: KeptScope = { imports: [], classes: [], functions: [], names: [], graph: null };

export function keptScope(run: Run): KeptScope {
  const order = run.environment;
  const body = order === undefined ? null : new Environment(order, BUILD).resumed?.body;
  if (body === null || body === undefined) return NOTHING;
  try {
    const { imports, classes, functions, names, graph } = JSON.parse(new TextDecoder().decode(body)) as KeptScope;
    if (![imports, classes, functions, names].every(Array.isArray) || classes.length + functions.length > SOURCES_MAX) return NOTHING;
    return { imports, classes, functions, names: names.filter((name) => NAME.test(name)), graph };
  } catch {
    return NOTHING;
  }
}

interface Declared {
  lexical: Set<string>;
  all: Set<string>;
  imports: KeptImport[];
}

function declared(program: AnyNode): Declared {
  const body = (program.body as AnyNode[]).map((statement) => (/^Export/.test(statement.type) && statement.declaration ? (statement.declaration as AnyNode) : statement));
  const lexical = lexicalNames(body);
  const imports: KeptImport[] = [];
  for (const statement of body) {
    if (statement.type !== "ImportDeclaration") continue;
    for (const specifier of statement.specifiers as AnyNode[]) {
      const { imported, local } = specifier;
      const name = specifier.type === "ImportNamespaceSpecifier" ? null : specifier.type === "ImportDefaultSpecifier" ? "default" : ((imported.name ?? imported.value) as string);
      imports.push({ local: local.name, specifier: statement.source.value, name });
    }
  }
  const all = new Set(lexical);
  varNames(program, all);
  for (const statement of body) if (statement.type === "VariableDeclaration") for (const each of statement.declarations) patternNames(each.id, all);
  for (const { local } of imports) { lexical.add(local); all.add(local); }
  return { lexical, all, imports };
}

const mentions = (text: string, name: string): boolean => new RegExp(`(?<![\\p{ID_Continue}$])${name.replaceAll("$", "\\$")}(?![\\p{ID_Continue}$])`, "u").test(text);

/** An expression that is this function again, or null when its text is none. */
function again(source: string, environment: string): string | null {
  if (parseExpression(source)) return `(${source}\n)`;
  return parseExpression(`{${source}\n}`) ? `${environment}.only({${source}})` : null;
}

/** The entry behind what was kept; null when that cannot be put before it. */
export function continued(source: string, name: string, plain: Transformed, kept: KeptScope): { done: Transformed; sheet: EnvironmentSheet; length: number } | null {
  const own = declared(plain.program);
  const environment = fresh(source, kept);
  const lost: string[] = [];
  const open = (wanted: string) => !own.lexical.has(wanted);
  const text = [source, ...kept.functions, ...kept.classes.map((each) => each.source)].join("\n");
  const imports = kept.imports.filter(({ local }) => NAME.test(local) && !own.all.has(local) && !kept.names.includes(local));
  const used = imports.filter(({ local }) => mentions(text, local));
  const names = kept.names.filter(open);
  const classNames = kept.classes.map((each) => each.names.filter((wanted) => NAME.test(wanted) && open(wanted)));
  const fresher = [...new Set([...names, ...classNames.flat()])].filter((wanted) => !own.all.has(wanted));
  // Lines of the program stay where they are: what has lines of its own comes behind it, as functions that are there from the start.
  const parts: string[] = [];
  const behind: string[] = [];
  if (/^\s*(["'])use strict\1/.test(source)) parts.push('"use strict";');
  for (const { local, specifier, name: imported } of used) {
    parts.push(imported === null ? `const ${local}=await import(${JSON.stringify(specifier)});` : `const {${JSON.stringify(imported)}:${local}}=await import(${JSON.stringify(specifier)});`);
  }
  if (fresher.length > 0) parts.push(`let ${fresher.join(",")};`);
  const getters = [...new Set([...fresher, ...own.all])].filter((wanted) => !own.imports.some(({ local }) => local === wanted));
  parts.push(`${environment}.keep([${getters.map((wanted) => `[${JSON.stringify(wanted)},()=>${wanted}]`).join(",")}]);`);
  kept.classes.forEach((each, at) => {
    const expression = again(each.source, environment);
    const targets = (classNames[at] ?? []).map((wanted) => `${wanted}=`).join("");
    if (expression === null) lost.push(...each.names);
    else {
      behind.push(`function ${environment}_${at}(){return ${expression}}`);
      parts.push(`try{${environment}.class(${at},${targets}${environment}_${at}())}catch(e){${environment}.lost(${JSON.stringify(each.names)},e)}`);
    }
  });
  behind.push(`function ${environment}_(){return [${kept.functions.map((each) => again(each, environment) ?? "null").join(",")}]}`);
  parts.push(`${environment}.functions(${environment}_());`);
  for (const wanted of names) parts.push(`${wanted}=${environment}.value(${JSON.stringify(wanted)});`);
  const prologue = parts.join("");
  try {
    const done = transform(prologue + (source.startsWith("#!") ? `//${source.slice(2)}` : source) + behind.map((each) => `\n${each}`).join(""), name, "entry", environment);
    done.mentions.push(...modulesOf(kept.graph));
    const sheet = { names: kept.names, graph: kept.graph, imports: [...imports, ...own.imports], sources: sources(done), lost };
    return { done, sheet, length: prologue.length };
  } catch {
    return null;
  }
}

/** Session files whose exports are among the kept values. */
function modulesOf(graph: unknown): string[] {
  const nodes = (graph as { nodes?: unknown } | null)?.nodes;
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: unknown) => (Array.isArray(node) && node[0] === "module" && typeof node[1] === "string" ? [node[1]] : []));
}

function fresh(source: string, kept: KeptScope): string {
  const all = [source, ...kept.functions, ...kept.classes.map((each) => each.source), ...kept.names].join("\n");
  let name = "$kept";
  while (all.includes(name)) name += "_";
  return name;
}

const isFunction = (node: AnyNode): boolean => /Function/.test(node.type);
const isSource = (node: AnyNode): boolean => isFunction(node) || /^Class(Declaration|Expression)$/.test(node.type);

interface Frame {
  /** How many scopes were open when it began. */
  depth: number;
  arrow: boolean;
  closing: boolean;
}

/** Every function and class of the file. One that refers to a variable of a function around it cannot be made again from its text. */
function sources({ program, rewritten, original }: Transformed): EnvironmentSheet["sources"] {
  const found = new Map<string, string | null>();
  const scopes: ReadonlySet<string>[] = [];
  const frames: Frame[] = [];
  const refer = (name: string): void => {
    let at = scopes.length - 1;
    while (at >= 0 && !scopes[at]?.has(name)) at -= 1;
    for (const frame of frames) if (at >= 0 && at < frame.depth) frame.closing = true;
  };
  const visit = (node: AnyNode, parent: AnyNode): void => {
    if (node.type === "Identifier") {
      refer(node.name);
      return;
    }
    if (/^(ThisExpression|Super)$/.test(node.type) || (node.type === "MetaProperty" && node.meta.name === "new")) {
      for (let at = frames.length - 1; at >= 0 && frames[at]?.arrow; at -= 1) if (at > 0 || node.type === "Super") (frames[at] as Frame).closing = true;
      return;
    }
    const names = scopeOf(node);
    const frame: Frame | null = isSource(node) ? { depth: scopes.length, arrow: node.type === "ArrowFunctionExpression", closing: false } : null;
    // What a field of a class is made with belongs to the class.
    const inner: Frame | null = node.type === "PropertyDefinition" ? { depth: scopes.length, arrow: false, closing: false } : null;
    for (const each of [frame, inner]) if (each !== null) frames.push(each);
    if (names !== null) scopes.push(names);
    for (const child of childrenOf(node)) if (!isPlainName(node, child)) visit(child, node);
    if (names !== null) scopes.pop();
    if (inner !== null) frames.pop();
    if (frame === null) return;
    frames.pop();
    const whole = parent.type === "Property" && (parent.method || parent.kind !== "init") ? parent : node;
    const text = rewritten(whole.start, whole.end);
    found.set(text, frame.closing || found.get(text) === null ? null : original.slice(whole.start, whole.end));
  };
  for (const statement of program.body as AnyNode[]) visit(statement, program);
  return [...found];
}
