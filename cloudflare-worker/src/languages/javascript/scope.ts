/**
 * Finds the places of a module that refer to imported names, with all of JavaScript's shadowing taken into account.
 * It reads syntax trees only; what becomes of a reference is transform.ts's affair.
 */
import type { Node } from "acorn";

// biome-ignore lint/suspicious/noExplicitAny: acorn's tree is walked generically
export type AnyNode = Node & Record<string, any>;

/** `shorthand`: `{ name }`, which must become `{ name: … }`. `callee`: `name()`, which must not get a receiver. */
export interface Reference {
  name: string;
  start: number;
  end: number;
  shorthand: boolean;
  callee: boolean;
}

const isNode = (value: unknown): value is AnyNode => typeof value === "object" && value !== null && typeof (value as AnyNode).type === "string";

export function* childrenOf(node: AnyNode): Generator<AnyNode> {
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield item;
    } else if (isNode(value)) yield value;
  }
}

/** The names that a binding pattern declares. */
export function patternNames(pattern: AnyNode | null, into: Set<string> = new Set()): Set<string> {
  switch (pattern?.type) {
    case "Identifier": into.add(pattern.name); break;
    case "ObjectPattern": for (const property of pattern.properties) patternNames(property.type === "RestElement" ? property.argument : property.value, into); break;
    case "ArrayPattern": for (const element of pattern.elements) patternNames(element, into); break;
    case "AssignmentPattern": patternNames(pattern.left, into); break;
    case "RestElement": patternNames(pattern.argument, into); break;
  }
  return into;
}

const isFunction = (node: AnyNode): boolean => /Function/.test(node.type);

/** `var` names of a function or module body: they rise through blocks, not through functions. */
export function varNames(node: AnyNode, into: Set<string>): void {
  for (const child of childrenOf(node)) {
    if (child.type === "VariableDeclaration" && child.kind === "var") for (const declared of child.declarations) patternNames(declared.id, into);
    if (!isFunction(child) && child.type !== "StaticBlock") varNames(child, into);
  }
}

/** let, const, class, using and function names of one list of statements. */
export function lexicalNames(statements: AnyNode[], into: Set<string> = new Set()): Set<string> {
  for (const statement of statements) {
    if (statement.type === "VariableDeclaration" && statement.kind !== "var") for (const declared of statement.declarations) patternNames(declared.id, into);
    else if ((statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration") && statement.id) into.add(statement.id.name);
  }
  return into;
}

/** The names that a node's own scope declares, or null when it opens none. */
export function scopeOf(node: AnyNode): Set<string> | null {
  const names = new Set<string>();
  switch (node.type) {
    case "FunctionDeclaration": case "FunctionExpression": case "ArrowFunctionExpression":
      for (const parameter of node.params) patternNames(parameter, names);
      if (node.type === "FunctionExpression" && node.id) names.add(node.id.name);
      if (node.body.type === "BlockStatement") { varNames(node.body, names); lexicalNames(node.body.body, names); }
      return names;
    case "ClassExpression": case "ClassDeclaration": if (node.id) names.add(node.id.name); return names;
    case "BlockStatement": return lexicalNames(node.body, names);
    case "StaticBlock": varNames(node, names); return lexicalNames(node.body, names);
    case "SwitchStatement": for (const branch of node.cases) lexicalNames(branch.consequent, names); return names;
    case "CatchClause": return patternNames(node.param, names);
    case "ForStatement": return lexicalNames(node.init ? [node.init] : [], names);
    case "ForInStatement": case "ForOfStatement": return lexicalNames([node.left], names);
    default: return null;
  }
}

/** Keys and labels look like identifiers but refer to nothing. */
export function isPlainName(parent: AnyNode, child: AnyNode): boolean {
  switch (parent.type) {
    case "MemberExpression": return parent.property === child && !parent.computed;
    case "Property": case "MethodDefinition": case "PropertyDefinition": return parent.key === child && !parent.computed && !parent.shorthand;
    case "LabeledStatement": case "BreakStatement": case "ContinueStatement": return parent.label === child;
    case "ImportDeclaration": case "ExportAllDeclaration": case "ExportNamedDeclaration": case "MetaProperty": case "ExportSpecifier": return child.type !== "VariableDeclaration" && !isFunction(child) && !/Class/.test(child.type);
    default: return false;
  }
}

export function referencesTo(program: AnyNode, imported: ReadonlySet<string>): Reference[] {
  const found = new Map<number, Reference>();
  const visit = (node: AnyNode, parent: AnyNode, hidden: ReadonlySet<string>): void => {
    if (node.type === "Identifier") {
      if (imported.has(node.name) && !hidden.has(node.name) && !found.has(node.start)) {
        const shorthand = parent.type === "Property" && parent.shorthand === true;
        found.set(node.start, { name: node.name, start: node.start, end: node.end, shorthand, callee: (parent.type === "CallExpression" && parent.callee === node) || (parent.type === "TaggedTemplateExpression" && parent.tag === node) });
      }
      return;
    }
    const own = scopeOf(node);
    const inner = own === null || own.size === 0 ? hidden : new Set([...hidden, ...own]);
    for (const child of childrenOf(node)) {
      if (isPlainName(node, child)) continue;
      // `{ a = 1 }` as an assignment target: the property's value wraps the shorthand name.
      if (child.type === "AssignmentPattern" && node.type === "Property" && node.shorthand) { visit(child.left, node, inner); visit(child.right, child, inner); continue; }
      // A declaration's own name is no reference; it lives in the scope around it, where it hides the import anyway.
      if ((node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") && child === node.id) continue;
      visit(child, node, inner);
    }
  };
  for (const statement of program.body as AnyNode[]) {
    if (statement.type === "ImportDeclaration") continue;
    visit(statement, program, new Set());
  }
  return [...found.values()];
}
