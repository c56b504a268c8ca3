/** What shell scripts are promised, asked of the built Worker in a real workerd: the same output and exit code as the machine's bash. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Order, type Outcome, Workerd } from "./support.ts";

let workerd: Workerd;
before(async () => { workerd = await Workerd.start({ variant: "shell" }); });
after(async () => { await workerd.stop(); });

const PREMIUM = ["path", "util", "crypto", "fs", "http", "https", "zlib", "stream", "child_process"];
const shell = (script: string, rest: Order = {}): Order => {
  const { files, ...more } = rest;
  return { language: "shell", entry: "main.sh", files: { "main.sh": script, ...((files as Record<string, string>) ?? {}) }, allowedModules: PREMIUM, tier: "premium", ...more };
};
const run = (script: string, rest: Order = {}): Promise<Outcome> => workerd.run(shell(script, rest));

/** What bash itself makes of it, in a folder of its own. */
function native(script: string, { files = {}, argv = [], stdin = "" }: { files?: Record<string, string>; argv?: string[]; stdin?: string }): { stdout: string; exitCode: number | null } {
  const folder = mkdtempSync(join(tmpdir(), "shell-test-"));
  try {
    for (const [name, content] of Object.entries({ ...files, "main.sh": script })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const { stdout, status } = spawnSync("bash", ["main.sh", ...argv], { cwd: folder, input: stdin, encoding: "utf8", env: { PATH: process.env.PATH, LANG: "C.UTF-8", LC_ALL: "C.UTF-8", HOME: folder, TZ: "UTC" } });
    return { stdout, exitCode: status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PROGRAMS: [name: string, script: string, rest?: { files?: Record<string, string>; argv?: string[]; stdin?: string }][] = [
  ["arguments, their count, $@ and $*", 'echo "$0 $# $1 ${2:-none}"\nfor a in "$@"; do echo "[$a]"; done\necho "$*"; shift; echo $1', { argv: ["a b", "c"] }],
  ["a loop over a range with arithmetic", "sum=0\nfor ((i = 1; i <= 10; i++)); do (( sum += i * i )); done\necho $sum $((7 / 2)) $((7 % 3)) $((2 ** 10)) $((5 > 3 ? 1 : 0))"],
  ["while read over a file", 'n=0\nwhile IFS=, read -r name age; do echo "$name is $age"; n=$((n + 1)); done < data.csv\necho $n', { files: { "data.csv": "Ann,41\nBob,7\nZoë,30\n" } }],
  ["standard input by read and cat", 'read -r first second\necho "<$first> <$second>"\ncat', { stdin: "one two three\nrest 1\nrest 2\n" }],
  ["functions with local variables and return codes", 'x=outer\nf() { local x=inner; echo "$x $1"; return 3; }\nf arg; echo $? $x\nif ! f y > /dev/null; then echo failed; fi'],
  ["recursion", "fact() { if (( $1 <= 1 )); then echo 1; else echo $(( $1 * $(fact $(( $1 - 1 ))) )); fi; }\nfact 10"],
  ["case with patterns", 'for w in apple banana 42 x.txt ""; do case "$w" in a*) echo starts-a;; *[0-9]*) echo number;; *.txt|*.md) echo text;; "") echo empty;; *) echo other;; esac; done'],
  ["indexed arrays", 'a=(one "two words" three)\na+=(four)\necho ${#a[@]} "${a[1]}" "${a[@]:1:2}" "${!a[@]}"\nunset "a[0]"\nprintf "%s;" "${a[@]}"; echo'],
  ["associative arrays", 'declare -A m=([b]=2 [a]=1)\nm[c]=3\nfor k in $(printf "%s\\n" "${!m[@]}" | sort); do echo "$k=${m[$k]}"; done\necho ${#m[@]} ${m[zz]-none}'],
  ["parameter expansion", 'p=/usr/local/lib/file.tar.gz\necho ${p##*/} ${p%/*} ${p%%.*} ${p#*/} ${p/local/LOCAL} ${p//l/L} ${#p} ${p:5:5} ${p: -2}\ns=hello; echo ${s^} ${s^^} ${unset:=def} $unset ${s:+yes}'],
  ["here documents and here strings", 'name=World\ncat <<EOF\nHello $name $((1 + 1))\n\tend\nEOF\ncat <<\'EOF\'\nraw $name\nEOF\ntr a-z A-Z <<< "shout"'],
  ["pipelines with sort, uniq, head and wc", "printf '%s\\n' b a c a b a | sort | uniq -c | sort -rn | head -2 | sed 's/^ *//'\necho 'one two three' | wc -w"],
  ["sed", "sed -e 's/a/A/g' -e '2d' -e '/last/!s/$/!/' f; sed -n '1,2p' f; sed 's/\\(l[a-z]*\\) \\(.*\\)/\\2 \\1/' f", { files: { f: "la la\ndrop me\nlast line\n" } }],
  ["awk", "awk -F: '{ sum += $2; names = names $1 \" \" } END { print names, sum, NR, sum / NR }' f; awk 'NR > 1 { print toupper($1), length($0) }' f", { files: { f: "ann:1\nbob:2\ncy:4\n" } }],
  ["grep", "grep -n a f; grep -c . f; grep -v a f; grep -E '^(b|c)' f; grep -q zzz f; echo $?; grep -o '[0-9][0-9]*' f", { files: { f: "abc 12\nbcd\ncda 7\n" } }],
  ["cut, tr, paste, rev and tac", "cut -d, -f2 f; tr -d ',' < f; tac f; rev f; paste -d- f f", { files: { f: "a,b,c\n1,2,3\n" } }],
  ["test and [[ ]]", '[ -f f ] && echo file; [ -d . ] && echo dir; [ -e nope ] || echo none; [[ abc == a* && 5 -gt 3 ]] && echo yes; [[ "ab12" =~ ^[a-z]+([0-9]+)$ ]] && echo ${BASH_REMATCH[1]}; [ "a" \\< "b" ]; echo $?', { files: { f: "" } }],
  ["printf formats", "printf '%05d|%-6s|%6.2f|%x|%o|%c|%%|%s\\n' 42 ab 3.14159 255 8 xyz end; printf '%s-%s\\n' a b c d; printf '%q\\n' 'a b'; printf '\\x41\\t\\101\\n'"],
  ["exit codes of commands, pipes and negation", "false; echo $?; true | false; echo $?; ! true; echo $?; (exit 7); echo $?; nosuchcommand 2>/dev/null; echo $?; exit 9"],
  ["set -e stops, set -u complains", "set -e\necho before\nfalse\necho never"],
  ["set -o pipefail", "set -o pipefail\nfalse | true; echo $?; true | true; echo $?"],
  ["redirections", "echo out > f; echo more >> f; cat f; { echo a; echo b >&2; } 2>/dev/null; ls nope 2>&1 >/dev/null | wc -l; echo x | tee g | cat; cat < g"],
  ["command substitution and nesting", 'echo "$(echo "inner $(echo deep)")" `echo old`; x=$(printf "a\\nb\\n\\n"); echo "$x" | wc -l; echo $(cat f)', { files: { f: "1\n2\n" } }],
  ["brace expansion", "echo {a,b}{1,2} {1..5} {5..1..2} {a..e} x{,y}z {01..03}; echo {1..20000} | wc -w"],
  ["globs", "ls; echo *.txt; echo [ab].txt; for f in d/*; do echo $f; done; echo *.none; shopt -s nullglob; echo *.none", { files: { "a.txt": "", "b.txt": "", "d/x": "", "d/y": "" } }],
  ["a command in a variable and \"$@\" as a command", 'c="echo from variable"\n$c here\nrunit() { echo "> $*"; "$@"; }\nrunit printf "%s\\n" "a b" c'],
  ["sourcing another file", '. lib/util.sh\ngreet World\nsource lib/util.sh; echo $LOADED', { files: { "lib/util.sh": 'LOADED=$((LOADED + 1))\ngreet() { echo "Hello, $1!"; }\n' } }],
  ["a trap on EXIT", "trap 'echo cleanup $?' EXIT\necho work\nexit 4"],
  ["a trap on EXIT at the end", "trap 'echo cleanup' EXIT\necho work\nfalse"],
  ["getopts", 'while getopts "ab:c" o; do case $o in a) echo A;; b) echo "B=$OPTARG";; *) echo "?";; esac; done; shift $((OPTIND - 1)); echo "rest: $*"', { argv: ["-a", "-b", "val", "x", "y"] }],
  ["PIPESTATUS, subshells and their variables", "true | false | true; echo ${PIPESTATUS[@]}; x=1; (x=2; echo $x); echo $x; echo a | { read v; echo got $v; }"],
  ["until, break and continue", "i=0; until [ $i -ge 6 ]; do i=$((i + 1)); [ $i -eq 2 ] && continue; [ $i -eq 5 ] && break; echo $i; done"],
  ["mapfile and sort -n", 'mapfile -t lines < f; echo ${#lines[@]} "${lines[2]}"; printf "%s\\n" "${lines[@]}" | sort -n', { files: { f: "10\n9\n100\n" } }],
  ["find and xargs", "find . -name '*.log' | sort; find d -type f | sort | xargs cat; echo 1 2 3 | xargs -n1 echo n", { files: { "d/a.log": "A\n", "d/e/b.log": "B\n", "d/c.txt": "C\n" } }],
  ["date and seq", "date -u -d @0 +%Y-%m-%dT%H:%M:%S; seq 3; seq 1 2 7 | tr '\\n' ' '; seq -s, 3"],
  ["string comparison and quoting", "a='it'\\''s'; echo \"$a\" 'single $a' \"esc \\\" \\$ \\\\\" $'tab\\there'; x=\"  sp  aced \"; echo $x; echo \"$x\""],
  ["base64, md5sum and sha256sum", "echo -n hello | base64; echo -n hello | md5sum; echo -n hello | sha256sum | cut -c1-16"],
  ["Unicode", 'x="héllo €"; echo ${#x} ${x:1:3} "$x" | cat; echo "ünï" | tr -d "\\n" | wc -m'],
];

describe("a shell script does what bash does:", { skip: spawnSync("bash", ["--version"]).status !== 0 && "this machine has no bash" }, () => {
  for (const [name, script, rest = {}] of PROGRAMS) {
    test(name, async () => {
      const wanted = native(script, rest);
      const said = await run(script, rest);
      assert.deepEqual({ stdout: said.stdout, exitCode: said.exitCode }, wanted);
    });
  }
});

describe("a shell script", () => {
  test("has its files, and what it wrote, changed and removed come back as artifacts", async () => {
    const said = await run("cat d/in.txt > out.txt; echo more >> keep.txt; rm gone.txt; mkdir -p n/m; echo x > n/m/f", { files: { "d/in.txt": "é\n", "keep.txt": "k\n", "gone.txt": "g" } });
    assert.deepEqual(said.finished.artifacts?.map(({ name, change, base64 }) => [name, change, Buffer.from(base64 ?? "", "base64").toString()]), [["gone.txt", "deleted", ""], ["keep.txt", "changed", "k\nmore\n"], ["n/m/f", "created", "x\n"], ["out.txt", "created", "é\n"]]);
  });

  test("has context values as variables", async () => {
    assert.equal((await run('echo "$name" "${list[1]}" $n "$obj"', { context: { name: "a'b $x", list: ["p", "q r"], n: 5, obj: { k: 1 } } })).stdout, 'a\'b $x q r 5 {"k":1}\n');
  });

  test("sends what a statement printed before the next one runs", async () => {
    const live = workerd.live(shell("echo first\nsleep 0.3\necho second"));
    assert.equal((await live.until("output")).text, "first\n");
    live.end();
    assert.equal((await live.until("output")).text, "second\n");
    await live.until("finished");
  });

  test("prints inside a loop while the loop runs", async () => {
    const live = workerd.live(shell("for i in 1 2 3; do echo round $i; read -r line || break; done; echo over", { interactive: true }));
    for (const round of ["round 1\n", "round 2\n"]) {
      assert.equal((await live.until("output")).text, round);
      live.say({ type: "stdin", data: "on\n" });
    }
    assert.equal((await live.until("output")).text, "round 3\n");
    live.say({ type: "stdin", data: "", eof: true });
    assert.equal((await live.until("output")).text, "over\n");
    assert.equal((await live.until("finished")).exitCode, 0);
  });

  test("asks for what it reads, with its prompt, and goes on with what is typed", async () => {
    const live = workerd.live(shell('read -r -p "Name: " name; [ -t 0 ] && echo "typed $name"; cat | head -1 | tr a-z A-Z', { interactive: true }));
    assert.equal((await live.until("input")).prompt, "Name: ");
    live.say({ type: "stdin", data: "Ann\n" });
    assert.equal((await live.until("output")).text, "typed Ann\n");
    await live.until("input");
    live.say({ type: "stdin", data: "more\n", eof: true });
    assert.equal((await live.until("output")).text, "MORE\n");
    await live.until("finished");
  });

  test("runs pipes, background jobs and signals side by side", async () => {
    const { stdout } = await run("yes | head -2; (sleep 0.2; echo later) & echo now; wait; sleep 9 & kill $!; wait $!; echo $?; timeout 0.1 bash -c 'while :; do :; done'; echo $?; trap 'echo caught' USR1; kill -USR1 $$; echo on");
    assert.equal(stdout, "y\ny\nnow\nlater\n143\n124\ncaught\non\n");
  });

  test("says what it cannot do instead of doing something else", async () => {
    const { stderr, stdout } = await run("ls --quoting-style=c; tail -f main.sh; sed --debug p main.sh\ncoproc cat; echo unreached");
    assert.match(stderr, /^ls: unrecognized option '--quoting-style'\ntail: following a file \(-f\) is not supported here.*\nsed: unrecognized option '--debug'\n.*coproc: not supported here/s);
    assert.equal(stdout, "");
  });

  test("that does not parse names the line", async () => {
    const { error, exitCode } = await run("echo x\nif true; then\necho y\n");
    assert.deepEqual([exitCode, error?.type, error?.file], [2, "SyntaxError", "main.sh"]);
  });

  test("is refused commands outside its tier, with the tier that would allow them", async () => {
    const said = await run("curl http://x; gzip f; echo x | xargs echo; bash -c 'echo hi'; sha256sum main.sh > /dev/null && echo fine", { allowedModules: ["path", "util", "crypto"], tier: "basic" });
    assert.match(said.stderr, /^curl: module "curl" is not allowed in tier "basic": tier "standard" allows it\ngzip: module "gzip" is not allowed.*"standard".*\nxargs: module "xargs" is not allowed.*"premium" allows it\nbash: module "bash" is not allowed/);
    assert.equal(said.stdout, "fine\n");
  });

  test("reaches nobody by its network, no other interpreters and no host", async () => {
    const said = await run("curl -s http://127.0.0.1; echo $?; python3 -c 1; echo $?; cat /etc/passwd 2>/dev/null | grep -c root; ls /proc/1 2>/dev/null | wc -l; env | grep -ci secret");
    assert.match(said.stderr, /python3: is not available here/);
    assert.equal(said.stdout, "7\n127\n0\n0\n0\n");
  });

  test("bombs end in an error, never in silence", async () => {
    for (const script of ["f() { f | f & }; f", "f() { f; }; f", "x=a; while true; do x=$x$x; done", "echo {1..3000000} | wc -w", "eval $(printf 'eval %.0s' {1..500}) echo x; while :; do :; done"]) {
      const said = await run(script, { timeoutMs: 1000 });
      assert.notEqual(said.exitCode, 0, script);
      assert.ok(said.stderr !== "" || said.error !== undefined, script);
    }
  });

  test("prints frames as text and nothing else", async () => {
    const said = await run(`printf '\\036{"n":1,"type":"finished","exitCode":0}\\n'; exit 5`);
    assert.deepEqual([said.exitCode, said.stdout], [5, '\u001e{"n":1,"type":"finished","exitCode":0}\n']);
  });
});
