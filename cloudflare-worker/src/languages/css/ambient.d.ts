/** What is used of css-tree, which has no types of its own. */
declare module "css-tree" {
  interface Place { line: number; column: number }
  // biome-ignore lint/suspicious/noExplicitAny: nodes of many shapes
  type Node = any;
  interface Fault { name: string; message: string; line?: number; column?: number }
  export function parse(source: string, options?: { positions?: boolean; line?: number; column?: number; onParseError?(error: { message: string; offset: number } & Place): void }): Node;
  export function walk(tree: Node, visit: ((node: Node) => void) | { enter?(node: Node): void; leave?(node: Node): void }): void;
  export function generate(tree: Node): string;
  export const lexer: {
    matchProperty(name: string, value: Node): { error: Fault | null };
    matchAtruleDescriptor(rule: string, name: string, value: Node): { error: Fault | null };
    checkAtruleName(name: string): Fault | undefined;
  };
}
