/** The tree that a script is parsed into. Types only: parser.ts makes it, words.ts and interpreter.ts read it. */
export type Part =
  | { t: "lit"; s: string }
  /** Quoted text that stands for itself. */
  | { t: "quoted"; s: string }
  | { t: "dq"; parts: Part[] }
  | Param
  | { t: "command"; body: List; source: string }
  | { t: "arith"; word: Word }
  | { t: "process"; input: boolean; body: List };

export interface Param {
  t: "param";
  name: string;
  /** `[…]` after the name. */
  index?: Word | "@" | "*";
  /** `${!name}` */
  indirect?: boolean;
  /** `${#name}` */
  length?: boolean;
  /** `${!prefix*}` and `${!name[@]}` */
  names?: "prefix@" | "prefix*" | "keys@" | "keys*";
  /** `-` `:-` `=` `:=` `?` `:?` `+` `:+` `#` `##` `%` `%%` `/` `//` `/#` `/%` `^` `^^` `,` `,,` `:` (substring) `@` (transformation) */
  op?: string;
  arg?: Word;
  arg2?: Word;
  line: number;
}

export interface Word {
  parts: Part[];
  /** Set when the word is nothing but this text: no expansion can change it. */
  plain?: string;
  /** Whether brace expansion may apply. */
  braces?: boolean;
}

export interface ArrayItem {
  index?: Word;
  append?: boolean;
  value: Word;
}
export interface Assignment {
  name: string;
  index?: Word;
  append: boolean;
  value?: Word;
  items?: ArrayItem[];
}

export interface Redirection {
  op: "<" | ">" | ">>" | ">|" | "<>" | "<&" | ">&" | "&>" | "&>>" | "<<" | "<<<";
  fd?: number;
  /** `{name}>` */
  variable?: string;
  target: Word;
}

export interface Simple {
  type: "simple";
  assignments: Assignment[];
  words: (Word | Assignment)[];
  redirections: Redirection[];
  line: number;
}
export type Compound = (
  | { type: "group"; body: List }
  | { type: "subshell"; body: List }
  | { type: "if"; clauses: { test: List; body: List }[]; otherwise?: List }
  | { type: "while"; until: boolean; test: List; body: List }
  | { type: "for"; name: string; words?: Word[]; body: List }
  | { type: "select"; name: string; words?: Word[]; body: List }
  | { type: "forarith"; init: Word; test: Word; step: Word; body: List }
  | { type: "case"; word: Word; clauses: { patterns: Word[]; body: List; end: ";;" | ";&" | ";;&" }[] }
  | { type: "arith"; word: Word }
  | { type: "test"; test: Test }
  | { type: "function"; name: string; body: Command; source: string }
  | { type: "coproc"; name: string; body: Command }
) & { redirections: Redirection[]; line: number };
export type Command = Simple | Compound;

export type Test =
  | { op: "and" | "or"; left: Test; right: Test }
  | { op: "not"; test: Test }
  | { op: "word"; word: Word }
  | { op: "unary"; name: string; word: Word }
  | { op: "binary"; name: string; left: Word; right: Word };

export interface Pipeline {
  commands: Command[];
  /** Which stages also pipe their stderr (`|&`). */
  both: boolean[];
  negate: boolean;
  time?: "bash" | "posix";
}
export interface AndOr {
  first: Pipeline;
  rest: { op: "&&" | "||"; pipeline: Pipeline }[];
  background: boolean;
  source: string;
}
export type List = AndOr[];
