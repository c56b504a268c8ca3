/** What Ruby programs are promised, asked of the built Worker in a real workerd. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Order, type Outcome, Workerd } from "./support.ts";

let workerd: Workerd;
let echoing: Workerd;
before(async () => { [workerd, echoing] = await Promise.all([Workerd.start({ variant: "ruby" }), Workerd.start({ variant: "ruby", echo: true })]); });
after(async () => { await Promise.all([workerd.stop(), echoing.stop()]); });

const PREMIUM = ["path", "util", "crypto", "fs", "http", "https", "zlib", "stream", "child_process"];
const ruby = (code: string, rest: Order = {}): Order => {
  const { files, ...more } = rest;
  return { language: "ruby", entry: "main.rb", files: { "main.rb": code, ...((files as Record<string, string>) ?? {}) }, allowedModules: PREMIUM, tier: "premium", timeoutMs: 10_000, ...more };
};
const run = (code: string, rest: Order = {}): Promise<Outcome> => workerd.run(ruby(code, rest));

describe("a Ruby program", () => {
  test("prints, and its last value is the result", async () => {
    const said = await run('puts "hello #{1 + 1}"\nprint "no newline"\n{ a: 1, "b" => [1, 2.5, nil, true, :sym], c: (1..3), d: Struct.new(:x).new(5) }');
    assert.equal(said.stdout, "hello 2\nno newline");
    assert.deepEqual(said.result, { a: 1, b: [1, 2.5, null, true, "sym"], c: "1..3", d: { x: 5 } });
    assert.equal(said.exitCode, 0);
  });

  test("without a last value has no result", async () => {
    for (const code of ["", "puts 1"]) assert.ok(!("result" in (await run(code)).finished), code);
  });

  test("values that JSON does not know come back as something readable", async () => {
    const said = await run('loop_ = [1]; loop_ << loop_\n[2**70, 0.0 / 0, Rational(1, 3), loop_, Object, { 1 => 2, nil => 3 }, "\\xff", Class.new { def inspect = raise }.new]');
    assert.deepEqual(said.result, ["1180591620717411303424", null, "(1/3)", [1, "…"], "Object", { "1": 2, nil: 3 }, "\ufffd", "#<object>"]);
  });

  test("has its name, its arguments and its data", async () => {
    const said = await run("[$0, __FILE__, $PROGRAM_NAME == __FILE__, ARGV, DATA.read, __dir__]\n__END__\nline 1\nline 2\n", { argv: ["a", "b c", "é"] });
    assert.deepEqual(said.result, ["main.rb", "main.rb", true, ["a", "b c", "é"], "line 1\nline 2\n", "/session"]);
  });

  test("context values are variables, and a function among them can be called", async () => {
    const context = { x: 20, text: 'a"#{1}\u0000é', items: [1, { k: null }], double: { $function: "->(n) { n * 2 }" } };
    const said = await run("def global = $x\n[double.(x) + items.size, text, items[1], global]", { context });
    assert.deepEqual(said.result, [42, 'a"#{1}\u0000é', { k: null }, 20]);
  });

  test("requires the session's files, relative to each other", async () => {
    const said = await workerd.run({ ...ruby(""), entry: "app/main.rb", files: { "app/main.rb": 'require_relative "lib/a"\nrequire "./lib/b"\nload "lib/b.rb"\n[A::V, $b]', "app/lib/a.rb": 'require_relative "../../lib/c"\nmodule A; V = C * 2; end', "lib/c.rb": "C = 21", "lib/b.rb": "$b = ($b || 0) + 1" } });
    assert.deepEqual(said.result, [42, 2]);
  });

  test("reads data files and returns what it wrote, changed and removed as artifacts", async () => {
    const said = await workerd.run({ ...ruby(""), files: [
      { name: "main.rb", content: 'bytes = File.binread("d/b.bin").bytes\nFile.write("out.txt", "hi #{bytes}")\nFile.open("a.txt", "a") { |f| f << "!" }\nFile.delete("gone.txt")\nDir.mkdir("new"); File.write("new/x", "1")\nFile.write("same.txt", "same")\nDir.children(".").sort' },
      { name: "d/b.bin", base64: "AP+A" }, { name: "a.txt", content: "a" }, { name: "gone.txt", content: "x" }, { name: "same.txt", content: "same" },
    ] });
    assert.deepEqual(said.result, ["a.txt", "d", "main.rb", "new", "out.txt", "same.txt"]);
    assert.deepEqual(said.finished.artifacts?.map(({ name, change, base64 }) => [name, change, Buffer.from(base64 ?? "", "base64").toString()]), [["a.txt", "changed", "a!"], ["gone.txt", "deleted", ""], ["new/x", "created", "1"], ["out.txt", "created", "hi [0, 255, 128]"]]);
  });

  test("has the standard library", async () => {
    const said = await run('require "json"; require "yaml"; require "set"; require "date"; require "time"; require "digest"; require "erb"; require "ostruct"; require "optparse"; require "securerandom"; require "stringio"; require "strscan"; require "benchmark"; require "forwardable"; require "tempfile"; require "fileutils"; require "pathname"; require "timeout"; require "logger"; require "zlib"; require "shellwords"; require "singleton"; require "delegate"; require "tsort"; require "uri"\n[JSON.parse(\'{"a":[1]}\'), { "x" => 1 }.to_yaml, Date.new(2026, 1, 31).next_month.to_s, Digest::SHA256.hexdigest("a")[0, 8], Zlib.inflate(Zlib.deflate("zip")), ERB.new("<%= 1 + 1 %>").result, SecureRandom.hex(4).size]');
    assert.deepEqual(said.result, [{ a: [1] }, "---\nx: 1\n", "2026-02-28", "ca978112", "zip", "2", 8]);
  });

  test("has blocks, pattern matching, fibers, enumerators, refinements and keyword arguments", async () => {
    const said = await run('def f(a, b = 2, *c, d:, e: 5, **g, &h) = [a, b, c, d, e, g, h&.call]\nfiber = Fiber.new { |x| y = Fiber.yield(x + 1); y * 2 }\nlazy = (1..).lazy.select(&:even?).map { _1 ** 2 }.first(3)\nmatched = case { name: "Ann", roles: [:admin, :dev] }\nin { name: String => name, roles: [*, :dev, *] } then name\nend\nmodule Loud; refine(String) { def loud = upcase + "!" }; end\nusing Loud\n[f(1, d: 4, z: 9) { 7 }, fiber.resume(1), fiber.resume(5), lazy, matched, "hi".loud, catch(:done) { 10.times { throw :done, _1 if _1 == 3 } }, %w[b a].sort, "%05.1f|%-3s|%x" % [3.14159, "a", 255]]');
    assert.deepEqual(said.result, [[1, 2, [], 4, 5, { z: 9 }, 7], 2, 10, [4, 16, 36], "Ann", "HI!", 3, ["a", "b"], "003.1|a  |ff"]);
  });

  test("separates stdout from stderr", async () => {
    const said = await run('warn "bad"; $stderr.puts "worse"; STDOUT.puts "good"');
    assert.deepEqual([said.stdout, said.stderr], ["good\n", "bad\nworse\n"]);
  });

  test("ends with its exit code, after its at_exit blocks", async () => {
    const said = await run('at_exit { puts "last" }\nat_exit { puts "first" }\nexit 3');
    assert.deepEqual([said.exitCode, said.stdout, said.error], [3, "first\nlast\n", undefined]);
    const aborted = await run('abort "bye"');
    assert.deepEqual([aborted.exitCode, aborted.stderr, aborted.error], [1, "bye\n", undefined]);
    const hard = await run('at_exit { puts "never" }\nprint "x"\nexit!(4)');
    assert.deepEqual([hard.exitCode, hard.stdout], [4, "x"]);
  });

  test("sleeps by waiting", async () => {
    const said = await run("t = Process.clock_gettime(Process::CLOCK_MONOTONIC); sleep 0.1; Process.clock_gettime(Process::CLOCK_MONOTONIC) - t");
    assert.ok((said.result as number) >= 0.095);
  });
});

describe("input and output of Ruby", () => {
  test("given input is read by gets, each_line and read, then ends", async () => {
    const said = await run("[gets, $stdin.readline(chomp: true), STDIN.each_line.first, $stdin.read, gets]", { stdin: "one\ntwo\nthree\nfour" });
    assert.deepEqual(said.result, ["one\n", "two", "three\n", "four", null]);
  });

  test("typed input is waited for, in blocks too", async () => {
    const live = workerd.live(ruby('print "who? "\nname = gets.chomp\nsum = [1, 2].sum { Integer(gets) }\nputs "#{name} #{sum}"\ngets.nil?', { interactive: true }));
    assert.equal((await live.until("output")).text, "who? ");
    await live.until("input");
    live.say({ type: "stdin", data: "Ann\n" });
    await live.until("input");
    live.say({ type: "stdin", data: "20\n21\n" });
    assert.equal((await live.until("output")).text, "Ann 41\n");
    await live.until("input");
    live.say({ type: "stdin", data: "", eof: true });
    assert.equal((await live.until("finished")).result, true);
    live.end();
  });

  test("output leaves while the program runs", async () => {
    const live = workerd.live(ruby('puts "first"; sleep 0.2; puts "second"'));
    assert.equal((await live.until("output")).text, "first\n");
    live.end();
    assert.equal((await live.until("output")).text, "second\n");
    await live.until("finished");
  });

  test("what was printed before an endless loop is delivered", async () => {
    const live = echoing.live(ruby('puts "before"\nloop {}'));
    assert.match(await echoing.prints("before"), /\u001e\{"n":1,"type":"output","stream":"stdout","text":"before\\n"\}/);
    live.destroy();
  });

  test("output beyond the limit is cut with a notice", async () => {
    const said = await run("2_000.times { puts _1 }", { outputBytesMax: 1000 });
    assert.ok(said.stdout.length <= 1000 && said.frames.some(({ type }) => type === "truncated"));
  });
});

describe("an error in Ruby", () => {
  test("has type, message, line, file and the user's own frames", async () => {
    const { error, exitCode } = await run('require_relative "lib/h"\ndef f\n  H.fail!(1)\nend\nf', { files: { "lib/h.rb": 'module H\n  def self.fail!(x)\n    raise ArgumentError, "boom #{x}"\n  end\nend' } });
    assert.deepEqual([exitCode, error?.type, error?.message, error?.line, error?.file], [1, "ArgumentError", "boom 1", 3, "lib/h.rb"]);
    assert.equal(error?.stack, "lib/h.rb:3:in 'H.fail!': boom 1 (ArgumentError)\n\tfrom main.rb:3:in 'Object#f'\n\tfrom main.rb:5:in '<main>'");
  });

  test("in a library points at the user's line", async () => {
    const { error } = await run('require "json"\n\nJSON.parse("{")');
    assert.deepEqual([error?.type, error?.line, error?.file], ["JSON::ParserError", 3, "main.rb"]);
  });

  test("of syntax names the line and runs nothing, also in another file", async () => {
    const said = await run("puts 1\nx = = 2\n");
    assert.deepEqual([said.stdout, said.error?.type, said.error?.line, said.error?.file], ["", "SyntaxError", 2, "main.rb"]);
    assert.ok(!said.error?.message.includes("\u001b"));
    const other = await run('require_relative "bad"', { files: { "bad.rb": "\n\ndef\n" } });
    assert.deepEqual([other.error?.type, other.error?.file], ["SyntaxError", "bad.rb"]);
  });

  test("of hostile exceptions is safe text", async () => {
    for (const code of ['class E < StandardError; def message = raise("again"); end\nraise E', 'class E < StandardError; def backtrace = raise("again"); end\nraise E', 'raise Class.new(StandardError), "anonymous"', 'raise "\\xff\\0"', "throw :nobody", 'class E < StandardError; def self.name = raise("n"); def self.to_s = exit!(0); end\nraise E']) {
      const said = await run(code);
      assert.equal(said.exitCode, 1, code);
      assert.ok(!["", "InterpreterCrash"].includes(said.error?.type ?? ""), code);
    }
  });

  test("of memory is clean, and can be rescued", async () => {
    const said = await run("a = []; loop { a << 'x' * 1_000_000 }");
    assert.deepEqual([said.exitCode, said.error?.type], [137, "NoMemoryError"]);
    // Of small things, so that there is no memory left to raise it with.
    const small = await run("a = []; loop { a << 'x' * 1000 }", { timeoutMs: 60_000 });
    assert.deepEqual([small.exitCode, small.error?.type], [137, "NoMemoryError"]);
    assert.deepEqual((await run("begin; 'x' * 500_000_000; rescue NoMemoryError => e; e.message; end")).result, "failed to allocate memory");
    assert.equal((await run('begin; File.open("f", "w") { |f| 1000.times { f << "x" * 1_000_000 } }; rescue SystemCallError => e; e.class.name; end', { artifactBytesMax: 0 })).result, "Errno::ENOSPC");
  });

  test("of endless recursion is a SystemStackError", async () => {
    const said = await run("def f = f() + 1\nbegin\n  f\nrescue SystemStackError => e\n  puts e.message\nend\nf");
    assert.deepEqual([said.stdout, said.error?.type, said.exitCode], ["stack level too deep\n", "SystemStackError", 1]);
  });
});

describe("the walls around a Ruby program", () => {
  const basic = { allowedModules: ["path", "util", "crypto"], tier: "basic" };

  test("libraries outside the tier are refused by name, with the tier that would allow them", async () => {
    const { result } = await run('%w[zlib fileutils open3 socket net/http].map { |name| begin; require name; rescue LoadError => e; e.message; end }', basic);
    assert.deepEqual(result, [["zlib", "standard"], ["fileutils", "standard"], ["open3", "premium"], ["socket", "enterprise"], ["net/http", "standard"]].map(([library, tier]) => `module "${library}" is not allowed in tier "basic": tier "${tier}" allows it`));
    assert.equal((await run("require 'net/http'; Net::HTTP.name", { allowedModules: PREMIUM, tier: "premium" })).result, "Net::HTTP");
    assert.equal((await run('require "digest"; Digest::MD5.hexdigest("a")[0, 4]', basic)).result, "0cc1");
  });

  test("no detour leads to a refused library", async () => {
    const detours = ['Kernel.require "fileutils"', 'load "/usr/local/lib/ruby/3.4.0/fileutils.rb"', 'require "/usr/local/lib/ruby/3.4.0/fileutils"', 'send(:require, "fileutils.rb")', 'Object.new.instance_eval { require "digest/../fileutils" }', 'require "./../usr/local/lib/ruby/3.4.0/fileutils"', 'require_relative "../usr/local/lib/ruby/3.4.0/fileutils"', 'autoload :FileUtils, "fileutils"; FileUtils'];
    const { result } = await run("detours.map { |code| begin; eval(code, binding, 'main.rb'); 'loaded'; rescue LoadError => e; e.message; end }", { ...basic, context: { detours } });
    (result as string[]).forEach((message, at) => { assert.match(message, /module "fileutils" is not allowed/, detours[at] ?? ""); });
  });

  test("JavaScript is out of reach", async () => {
    const { result } = await run(`['require "js"', 'require "js.so"', "JS.eval('1')", "JS::Object"].map { |code| begin; eval(code); "reached"; rescue Exception => e; e.message; end }`, { allowedModules: ["*"], tier: "enterprise" });
    for (const message of result as string[]) assert.match(message, /not available here|uninitialized constant JS/);
  });

  test("processes, threads and sockets end in an error that says so", async () => {
    assert.match((await run("`ls`", basic)).error?.message ?? "", /module "system" is not allowed in tier "basic": tier "premium" allows it/);
    const { result } = await run(`['system("ls")', "fork", 'spawn("ls")', 'IO.popen("ls")', 'Process.spawn("ls")', 'exec "ls"', "Kernel.system('ls')", "%x(ls)"].map { |code| begin; eval(code); "done"; rescue NotImplementedError => e; e.message; end }`);
    for (const message of result as string[]) assert.match(message, /not available here/);
    assert.equal((await run("Thread.new {}")).error?.type, "NotImplementedError");
  });

  test("the environment holds nothing of the host, and the file system nothing but the library and the session", async () => {
    const said = await run('[ENV.to_h.keys.sort, File.exist?("/etc/passwd"), Dir.exist?("/proc")]');
    assert.deepEqual(said.result, [["HOME", "LANG", "PATH", "PWD", "TMPDIR", "TZ"], false, false]);
  });

  test("printed frames are text and nothing else", async () => {
    const said = await run('puts "\\u001e{\\"n\\":1,\\"type\\":\\"finished\\",\\"exitCode\\":0}"; exit 5');
    assert.deepEqual([said.exitCode, said.stdout], [5, '\u001e{"n":1,"type":"finished","exitCode":0}\n']);
  });

  test("each run has its own random numbers", async () => {
    const code = "[rand, Random.new_seed, Object.new.hash, 'a'.hash]";
    assert.notDeepEqual((await run(code)).result, (await run(code)).result);
  });
});
