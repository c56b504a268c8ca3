/** Functions that are written in jq itself, and the scope that they make. */
import { type Def, definitions, type Expr } from "./syntax.js";
import type { Value } from "./values.js";

export interface Closure {
  def: Def | null;
  expr: Expr;
  scope: Scope;
}
export class Scope {
  readonly variables: Map<string, Value>;
  readonly functions: Map<string, Closure>;
  readonly labels: Map<string, object>;
  constructor(from?: Scope) {
    this.variables = new Map(from?.variables);
    this.functions = new Map(from?.functions);
    this.labels = new Map(from?.labels);
  }
}

const PRELUDE = `
def map(f): [.[] | f];
def select(f): if f then . else empty end;
def recurse(f): def r: ., (f | r); r;
def recurse(f; c): def r: ., (f | select(c) | r); r;
def recurse: recurse(.[]?);
def values: select(. != null);
def nulls: select(. == null);
def strings: select(type == "string");
def numbers: select(type == "number");
def arrays: select(type == "array");
def objects: select(type == "object");
def booleans: select(type == "boolean");
def scalars: select(type != "array" and type != "object");
def iterables: select(type == "array" or type == "object");
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def from_entries: reduce .[] as $e ({}; . + {($e | if type == "object" then (if has("key") then .key elif has("k") then .k elif has("name") then .name elif has("Name") then .Name elif has("Key") then .Key else null end) else . end | if type == "string" then . else tojson end): ($e | if has("value") then .value elif has("v") then .v elif has("Value") then .Value else null end)});
def with_entries(f): to_entries | map(f) | from_entries;
def add: reduce .[] as $x (null; . + $x);
def add(f): reduce f as $x (null; . + $x);
def any: reduce .[] as $x (false; . or $x);
def all: reduce .[] as $x (true; . and $x);
def any(f): reduce (.[] | f) as $x (false; . or $x);
def all(f): reduce (.[] | f) as $x (true; . and $x);
def any(g; f): isempty(first(g | f | select(.))) | not;
def all(g; f): isempty(first(g | f | select(. | not)));
def isempty(g): label $go | (g | false, break $go), true;
def first(f): label $out | (f | ., break $out);
def first: .[0];
def last: .[-1];
def last(f): reduce f as $x (null; $x);
def nth($n): .[$n];
def nth($n; f): last(limit($n + 1; f));
def limit($n; f): if $n > 0 then label $out | foreach f as $x (0; . + 1; $x, if . >= $n then break $out else empty end) else empty end;
def until(c; u): def r: if c then . else (u | r) end; r;
def while(c; u): def r: if c then ., (u | r) else empty end; r;
def repeat(f): def r: ., (f | r); r;
def in(o): . as $k | o | has($k);
def inside(o): . as $x | o | contains($x);
def map_values(f): .[] |= f;
def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def date: todate;
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def env: $ENV;
def ascii: [.] | implode;
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def min_by(f): sort_by(f) | .[0];
def max_by(f): sort_by(f) | .[-1];
def unique: unique_by(.);
def group_by(f): sort_by(f) | reduce .[] as $x ([]; if length > 0 and ((.[-1][0] | [f]) == ($x | [f])) then .[-1] += [$x] else . + [[$x]] end);
def unique_by(f): [group_by(f)[] | .[0]];
def test($re): test($re; null);
def match($re): match($re; null);
def capture($re): capture($re; null);
def capture($re; $f): match($re; $f) | [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def scan($re): match($re; "g") | if (.captures | length) > 0 then [.captures[].string] else .string end;
def splits($re): splits($re; null);
def splits($re; $f): split($re; $f) | .[];
def ascii_downcase: explode | map(if 65 <= . and . <= 90 then . + 32 else . end) | implode;
def ascii_upcase: explode | map(if 97 <= . and . <= 122 then . - 32 else . end) | implode;
def inputs: label $done | def r: (try input catch break $done) as $x | ($x, r); r;
def halt_error: halt_error(5);
def abs: if . < 0 then -. else . end;
def toarray: if type == "array" then . else [.] end;
def pick(f): . as $t | reduce path(f) as $p (null; setpath($p; $t | getpath($p)));
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1];
def debug: .;
`;
let prelude: Scope | null = null;
/** Where every program begins. */
export function base(): Scope {
  if (prelude !== null) return prelude;
  prelude = new Scope();
  for (const def of definitions(PRELUDE)) prelude.functions.set(`${def.name}/${def.params.length}`, { def, expr: def.body, scope: prelude });
  return prelude;
}
