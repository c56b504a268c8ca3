/** Runs awk programs: expressions, statements, functions. What has to wait runs as a generator, everything else at once. */
import { type Io, MemoryFault } from "../../machine.js";
import { settle } from "../../words.js";
import { analyse } from "./analysis.js";
import { Files } from "./files.js";
import { type Evaluator, Functions } from "./functions.js";
import { Store } from "./store.js";
import type { AwkProgram, Expr, Func, Rule, Stmt } from "./tree.js";
import { AwkFault, unescaped } from "./tokens.js";
import { type Cells, Given, Leave, number, type Value, type Work } from "./values.js";

const CALL_DEPTH_MAX = 2000;

export class Awk implements Evaluator {
  readonly #io: Io;
  readonly #program: AwkProgram;
  readonly #store: Store;
  readonly #files: Files;
  readonly #functions: Functions;
  #depth = 0;

  constructor(io: Io, program: AwkProgram, args: string[]) {
    this.#io = io;
    this.#program = program;
    this.#store = new Store(args, io.env);
    this.#files = new Files(io, this.#store);
    this.#functions = new Functions(this.#store, this, io.env);
    analyse(program);
  }

  variable(name: string, text: string): void {
    this.#store.set(name, new Given(unescaped(text)));
  }

  pattern(expr: Expr): RegExp {
    return this.#store.regex(expr.t === "regex" ? expr.source : this.#store.text(this.eval(expr)));
  }


  #key(keys: Expr[]): string {
    return keys.length === 1 ? this.#store.text(this.eval(keys[0]!)) : keys.map((key) => this.#store.text(this.eval(key))).join(this.#store.setting("SUBSEP"));
  }
  assign(target: Expr, value: Value): void {
    if (target.t === "var") this.#store.set(target.name, value);
    else if (target.t === "field") this.#store.setField(Math.trunc(number(this.eval(target.of))), value);
    else if (target.t === "index") this.#store.array(target.name).set(this.#key(target.keys), value);
    else if (target.t === "group") this.assign(target.of, value);
    else throw new AwkFault("syntax error: assignment to what is no variable");
  }

  // --- expressions that need not wait ---

  eval(expr: Expr): Value {
    switch (expr.t) {
      case "num": return expr.value;
      case "str": return expr.value;
      case "regex": return this.#store.regex(expr.source).test(this.#store.text(this.#store.field(0))) ? 1 : 0;
      case "var": return this.#store.get(expr.name);
      case "group": return this.eval(expr.of);
      case "field": return this.#store.field(Math.trunc(number(this.eval(expr.of))));
      case "index": {
        const cells = this.#store.array(expr.name);
        const key = this.#key(expr.keys);
        if (!cells.has(key)) cells.set(key, undefined);
        return cells.get(key);
      }
      case "in": return this.#store.array(expr.name).has(this.#key(expr.keys)) ? 1 : 0;
      case "unary": {
        const value = this.eval(expr.of);
        return expr.op === "!" ? (this.#store.truth(value) ? 0 : 1) : expr.op === "-" ? -number(value) + 0 : number(value);
      }
      case "and": return this.#store.truth(this.eval(expr.left)) && this.#store.truth(this.eval(expr.right)) ? 1 : 0;
      case "or": return this.#store.truth(this.eval(expr.left)) || this.#store.truth(this.eval(expr.right)) ? 1 : 0;
      case "choice": return this.eval(this.#store.truth(this.eval(expr.test)) ? expr.yes : expr.no);
      case "match": {
        const text = this.#store.text(this.eval(expr.left));
        return this.pattern(expr.right).test(text) !== expr.negated ? 1 : 0;
      }
      case "binary": {
        const left = this.eval(expr.left);
        return this.#binary(expr.op, left, this.eval(expr.right));
      }
      case "assign": {
        let value = this.eval(expr.value);
        if (expr.op !== "") value = this.#binary(expr.op, this.eval(expr.target), value);
        this.assign(expr.target, value);
        return value;
      }
      case "step": {
        const old = number(this.eval(expr.target));
        this.assign(expr.target, old + expr.by);
        return expr.before ? old + expr.by : old;
      }
      case "builtin": return this.#functions.call(expr.name, expr.args);
      case "call": {
        const { fn, frame } = this.#enter(expr);
        return this.#within(frame, () => this.#exec(fn.body));
      }
      case "getline": throw new AwkFault("getline is not possible here");
    }
  }
  #binary(op: string, left: Value, right: Value): Value {
    switch (op) {
      case " ": {
        const text = this.#store.text(left) + this.#store.text(right);
        if (text.length > this.#io.machine.limits.textBytesMax) throw new MemoryFault("awk: a string is too large: the run's memory is used up");
        return text;
      }
      case "+": return number(left) + number(right);
      case "-": return number(left) - number(right);
      case "*": return number(left) * number(right);
      case "/":
        if (number(right) === 0) throw new AwkFault("division by zero");
        return number(left) / number(right);
      case "%":
        if (number(right) === 0) throw new AwkFault("division by zero in %");
        return number(left) % number(right);
      case "^": return number(left) ** number(right);
      case "<": return this.#store.compare(left, right) < 0 ? 1 : 0;
      case "<=": return this.#store.compare(left, right) <= 0 ? 1 : 0;
      case ">": return this.#store.compare(left, right) > 0 ? 1 : 0;
      case ">=": return this.#store.compare(left, right) >= 0 ? 1 : 0;
      case "==": return this.#store.compare(left, right) === 0 ? 1 : 0;
      default: return this.#store.compare(left, right) !== 0 ? 1 : 0;
    }
  }
  #enter(expr: Extract<Expr, { t: "call" }>): { fn: Func; frame: Map<string, Value | Cells> } {
    const fn = this.#program.functions.get(expr.name);
    if (fn === undefined) throw new AwkFault(`function ${expr.name} never defined`);
    if (expr.args.length > fn.params.length) throw new AwkFault(`too many arguments in call to ${fn.name}`);
    const frame = new Map<string, Value | Cells>();
    fn.params.forEach((param, at) => {
      const arg = expr.args[at];
      if (arg === undefined) frame.set(param, fn.arrays.has(at) ? new Map() : undefined);
      else if (fn.arrays.has(at) && arg.t === "var") frame.set(param, this.#store.array(arg.name));
      else frame.set(param, this.eval(arg));
    });
    return { fn, frame };
  }
  #within(frame: Map<string, Value | Cells>, run: () => void): Value {
    const outer = this.#store.frame;
    this.#deeper();
    this.#store.frame = frame;
    try {
      run();
      return undefined;
    } catch (error) {
      if (error instanceof Leave && error.how === "return") return error.value;
      throw error;
    } finally {
      this.#store.frame = outer;
      this.#depth -= 1;
    }
  }
  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > CALL_DEPTH_MAX) throw new AwkFault(`function calls are nested deeper than ${CALL_DEPTH_MAX}`);
  }

  // --- statements that need not wait ---

  #line(stmt: Extract<Stmt, { t: "print" }>): string {
    if (stmt.formatted) {
      const [format, ...args] = stmt.args;
      return this.#store.sprintf(this.#store.text(this.eval(format!)), args.map((arg) => this.eval(arg)));
    }
    const end = this.#store.setting("ORS");
    if (stmt.args.length === 0) return this.#store.text(this.#store.field(0)) + end;
    return stmt.args.map((arg) => this.#store.text(this.eval(arg), "OFMT")).join(this.#store.setting("OFS")) + end;
  }
  #exec(stmt: Stmt): void {
    switch (stmt.t) {
      case "block":
        for (const inner of stmt.list) this.#exec(inner);
        return;
      case "expr":
        this.eval(stmt.expr);
        return;
      case "print":
        this.#files.out(this.#line(stmt));
        return;
      case "if":
        if (this.#store.truth(this.eval(stmt.test))) this.#exec(stmt.yes);
        else if (stmt.no !== null) this.#exec(stmt.no);
        return;
      case "while": {
        if (stmt.first && !this.#round(stmt.body)) return;
        while (this.#store.truth(this.eval(stmt.test))) if (!this.#round(stmt.body)) return;
        return;
      }
      case "for":
        if (stmt.init !== null) this.#exec(stmt.init);
        while (stmt.test === null || this.#store.truth(this.eval(stmt.test))) {
          if (!this.#round(stmt.body)) return;
          if (stmt.step !== null) this.#exec(stmt.step);
        }
        return;
      case "forin":
        for (const key of [...this.#store.array(stmt.array).keys()]) {
          this.#store.set(stmt.name, new Given(key));
          if (!this.#round(stmt.body)) return;
        }
        return;
      case "delete":
        if (stmt.keys === null) this.#store.array(stmt.name).clear();
        else this.#store.array(stmt.name).delete(this.#key(stmt.keys));
        return;
      case "exit":
      case "return": throw new Leave(stmt.t, stmt.value === null ? undefined : this.eval(stmt.value));
      default: throw new Leave(stmt.t);
    }
  }
  /** Once through a loop's body; false when it was left. */
  #round(body: Stmt): boolean {
    try {
      this.#exec(body);
      return true;
    } catch (error) {
      if (error instanceof Leave && error.how === "continue") return true;
      if (error instanceof Leave && error.how === "break") return false;
      throw error;
    }
  }

  // --- the same for what waits ---

  *#evalWait(expr: Expr): Work<Value> {
    if (expr.waits !== true) return this.eval(expr);
    switch (expr.t) {
      case "and": return this.#store.truth(yield* this.#evalWait(expr.left)) && this.#store.truth(yield* this.#evalWait(expr.right)) ? 1 : 0;
      case "or": return this.#store.truth(yield* this.#evalWait(expr.left)) || this.#store.truth(yield* this.#evalWait(expr.right)) ? 1 : 0;
      case "choice": return yield* this.#evalWait(this.#store.truth(yield* this.#evalWait(expr.test)) ? expr.yes : expr.no);
      case "group": return yield* this.#evalWait(expr.of);
      case "getline": return yield* this.#getline(expr);
      case "call": {
        const args: Expr[] = [];
        for (const arg of expr.args) args.push(arg.waits === true ? this.#held(yield* this.#evalWait(arg)) : arg);
        const { fn, frame } = this.#enter({ ...expr, args });
        const outer = this.#store.frame;
        this.#deeper();
        this.#store.frame = frame;
        try {
          yield* this.#execWait(fn.body);
          return undefined;
        } catch (error) {
          if (error instanceof Leave && error.how === "return") return error.value;
          throw error;
        } finally {
          this.#store.frame = outer;
          this.#depth -= 1;
        }
      }
      case "builtin": {
        if (expr.name === "system" || expr.name === "close" || expr.name === "fflush") {
          const text = expr.args[0] === undefined ? "" : this.#store.text(yield* this.#evalWait(expr.args[0]));
          if (expr.name === "system") return yield* this.#files.system(text);
          if (expr.name === "close") return yield* this.#files.close(text);
          yield this.#io.flush();
          return 0;
        }
        const args: Expr[] = [];
        for (const arg of expr.args) args.push(arg.waits === true ? this.#held(yield* this.#evalWait(arg)) : arg);
        return this.#functions.call(expr.name, args);
      }
      case "unary": return this.eval({ ...expr, of: this.#held(yield* this.#evalWait(expr.of)) });
      case "field": return this.eval({ ...expr, of: this.#held(yield* this.#evalWait(expr.of)) });
      case "binary": {
        const left = yield* this.#evalWait(expr.left);
        return this.#binary(expr.op, left, yield* this.#evalWait(expr.right));
      }
      case "match": return this.eval({ ...expr, left: this.#held(yield* this.#evalWait(expr.left)) });
      case "assign": return this.eval({ ...expr, value: this.#held(yield* this.#evalWait(expr.value)) });
      default: throw new AwkFault("getline or system is not supported in this place");
    }
  }
  /** A value in the place of what made it. */
  #held(value: Value): Expr {
    this.#store.frame ??= new Map();
    const name = `\0held${this.#holds++}`;
    this.#store.frame.set(name, value);
    return { t: "var", name };
  }
  #holds = 0;

  *#execWait(stmt: Stmt): Work<void> {
    if (stmt.waits !== true) return this.#exec(stmt);
    switch (stmt.t) {
      case "block":
        for (const inner of stmt.list) yield* this.#execWait(inner);
        return;
      case "expr":
        yield* this.#evalWait(stmt.expr);
        return;
      case "print": {
        const args: Expr[] = [];
        for (const arg of stmt.args) args.push(arg.waits === true ? this.#held(yield* this.#evalWait(arg)) : arg);
        const text = this.#line({ ...stmt, args });
        if (stmt.to === null) this.#files.out(text);
        else yield* this.#files.print(stmt.to.op, this.#store.text(yield* this.#evalWait(stmt.to.target)), text);
        return;
      }
      case "if":
        if (this.#store.truth(yield* this.#evalWait(stmt.test))) yield* this.#execWait(stmt.yes);
        else if (stmt.no !== null) yield* this.#execWait(stmt.no);
        return;
      case "while":
        if (stmt.first && !(yield* this.#roundWait(stmt.body))) return;
        while (this.#store.truth(yield* this.#evalWait(stmt.test))) if (!(yield* this.#roundWait(stmt.body))) return;
        return;
      case "for":
        if (stmt.init !== null) yield* this.#execWait(stmt.init);
        while (stmt.test === null || this.#store.truth(yield* this.#evalWait(stmt.test))) {
          if (!(yield* this.#roundWait(stmt.body))) return;
          if (stmt.step !== null) yield* this.#execWait(stmt.step);
        }
        return;
      case "forin":
        for (const key of [...this.#store.array(stmt.array).keys()]) {
          this.#store.set(stmt.name, new Given(key));
          if (!(yield* this.#roundWait(stmt.body))) return;
        }
        return;
      case "exit":
      case "return": throw new Leave(stmt.t, stmt.value === null ? undefined : yield* this.#evalWait(stmt.value));
      default: this.#exec(stmt);
    }
  }
  *#roundWait(body: Stmt): Work<boolean> {
    try {
      yield* this.#execWait(body);
      return true;
    } catch (error) {
      if (error instanceof Leave && error.how === "continue") return true;
      if (error instanceof Leave && error.how === "break") return false;
      throw error;
    }
  }

  *#getline(expr: Extract<Expr, { t: "getline" }>): Work<Value> {
    const line = expr.from === "main" ? ((yield this.#files.next()) as string | null) : yield* this.#files.line(expr.from, this.#store.text(yield* this.#evalWait(expr.source!)));
    if (line === -1) return -1;
    if (line === null) return 0;
    if (expr.from !== "file") this.#store.count("NR");
    if (expr.from === "main") this.#store.count("FNR");
    if (expr.target === null) this.#store.setRecord(line);
    else this.assign(expr.target, new Given(line));
    return 1;
  }

  // --- a run ---

  async run(): Promise<number> {
    const { rules } = this.#program;
    let status = 0;
    const leave = (error: unknown): boolean => {
      if (!(error instanceof Leave) || error.how !== "exit") throw error;
      if (error.value !== undefined) status = Math.trunc(number(error.value));
      return true;
    };
    const body = async (stmt: Stmt): Promise<void> => {
      const work = settle(this.#execWait(stmt));
      if (work instanceof Promise) await work;
    };
    let left = false;
    try {
      for (const rule of rules) if (rule.kind === "BEGIN") await body(rule.body!);
      if (rules.some(({ kind }) => kind !== "BEGIN")) await this.#records(rules.filter(({ kind }) => kind === "rule"), body);
    } catch (error) {
      left = leave(error);
    }
    if (!left || rules.some(({ kind }) => kind === "END")) {
      try {
        for (const rule of rules) if (rule.kind === "END") await body(rule.body!);
      } catch (error) {
        leave(error);
      }
    }
    await this.#files.end();
    return status === 0 ? this.#io.status : status & 0xff;
  }
  async #records(rules: Rule[], body: (stmt: Stmt) => Promise<void>): Promise<void> {
    let count = 0;
    for (let record = await this.#files.next(); record !== null; record = await this.#files.next()) {
      this.#store.setRecord(record);
      this.#store.count("NR");
      this.#store.count("FNR");
      count += 1;
      if (count % 200 === 0) {
        const turn = this.#io.machine.step();
        if (turn !== null) await turn;
        this.#io.process.check();
      }
      try {
        for (const rule of rules) {
          if (!(await this.#applies(rule))) continue;
          if (rule.body === null) this.#files.out(this.#store.text(this.#store.field(0)) + this.#store.setting("ORS"));
          else if (rule.body.waits === true) await body(rule.body);
          else this.#exec(rule.body);
        }
      } catch (error) {
        if (!(error instanceof Leave) || (error.how !== "next" && error.how !== "nextfile")) throw error;
        if (error.how === "nextfile") this.#files.skip();
      }
    }
  }
  async #applies(rule: Rule): Promise<boolean> {
    if (rule.from === null) return true;
    const holds = async (expr: Expr): Promise<boolean> => this.#store.truth(expr.waits === true ? await settle(this.#evalWait(expr)) : this.eval(expr));
    if (rule.to === null) return rule.from.waits === true ? holds(rule.from) : this.#store.truth(this.eval(rule.from));
    if (!rule.open && !(await holds(rule.from))) return false;
    rule.open = !(await holds(rule.to));
    return true;
  }
}
