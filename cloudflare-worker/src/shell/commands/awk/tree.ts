/** The tree of an awk program. */

export type Expr = (
  | { t: "num"; value: number }
  | { t: "str"; value: string }
  | { t: "regex"; source: string }
  | { t: "var"; name: string }
  | { t: "field"; of: Expr }
  | { t: "index"; name: string; keys: Expr[] }
  | { t: "in"; name: string; keys: Expr[] }
  | { t: "unary"; op: string; of: Expr }
  | { t: "binary"; op: string; left: Expr; right: Expr }
  | { t: "and" | "or"; left: Expr; right: Expr }
  | { t: "choice"; test: Expr; yes: Expr; no: Expr }
  | { t: "match"; negated: boolean; left: Expr; right: Expr }
  | { t: "assign"; op: string; target: Expr; value: Expr }
  | { t: "step"; by: 1 | -1; before: boolean; target: Expr }
  | { t: "call"; name: string; args: Expr[] }
  | { t: "builtin"; name: string; args: Expr[] }
  | { t: "getline"; from: "main" | "file" | "command"; source: Expr | null; target: Expr | null }
  | { t: "group"; of: Expr }
) & { waits?: boolean };

export type Stmt = (
  | { t: "expr"; expr: Expr }
  | { t: "print"; formatted: boolean; args: Expr[]; to: { op: ">" | ">>" | "|"; target: Expr } | null }
  | { t: "if"; test: Expr; yes: Stmt; no: Stmt | null }
  | { t: "while"; test: Expr; body: Stmt; first: boolean }
  | { t: "for"; init: Stmt | null; test: Expr | null; step: Stmt | null; body: Stmt }
  | { t: "forin"; name: string; array: string; body: Stmt }
  | { t: "block"; list: Stmt[] }
  | { t: "next" | "nextfile" | "break" | "continue" }
  | { t: "exit" | "return"; value: Expr | null }
  | { t: "delete"; name: string; keys: Expr[] | null }
) & { waits?: boolean };

export interface Func {
  name: string;
  params: string[];
  body: Stmt;
  /** Which parameters are arrays. */
  arrays: Set<number>;
  waits: boolean;
}
export interface Rule {
  kind: "BEGIN" | "END" | "rule";
  from: Expr | null;
  to: Expr | null;
  body: Stmt | null;
  open: boolean;
}
export interface AwkProgram {
  rules: Rule[];
  functions: Map<string, Func>;
}
