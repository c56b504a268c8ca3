/** child_process: commands run in the isolate's own shell on the program's own files, in every form that Node has. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Order, Workerd } from "./support.ts";

const PREMIUM = ["path", "util", "crypto", "fs", "http", "https", "zlib", "stream", "child_process"];
let worker: Workerd;
before(async () => { worker = await Workerd.start(); });
after(() => worker.stop());

const run = (code: string, rest: Order = {}) => worker.run({ files: { "main.js": `const cp = require('child_process'); ${code}`, "data.txt": "b\na\n" }, allowedModules: PREMIUM, tier: "premium", timeoutMs: 10_000, ...rest });

test("a command and the program see each other's files, and what it makes is an artifact", async () => {
  const { result, finished } = await run(`const fs = require('fs'); fs.mkdirSync('d'); fs.writeFileSync('d/x.txt', 'from js\\n');
    const said = cp.execSync('cat d/x.txt data.txt | sort; pwd; echo "from sh" > y.txt; cp -r d e; mv data.txt d/; rm d/x.txt', { encoding: 'utf8' });
    return [said, fs.readFileSync('y.txt', 'utf8'), fs.readdirSync('e'), fs.readdirSync('d')]`);
  assert.deepEqual(result, ["a\nb\nfrom js\n/tmp/session\n", "from sh\n", ["x.txt"], ["data.txt"]]);
  assert.deepEqual(finished.artifacts?.map(({ name, change }) => `${name} ${change}`), ["d/data.txt created", "e/x.txt created", "y.txt created", "data.txt deleted"]);
});

test("the synchronous forms wait: output, exit code, input, working folder, environment, encoding, timeout", async () => {
  const { result, stderr } = await run(`const got = []; const t = Date.now();
    try { cp.execSync('echo out; echo err >&2; exit 3') } catch (e) { got.push([e.status, e.message, String(e.stdout), String(e.stderr)]) }
    got.push(Buffer.isBuffer(cp.execSync('true')), cp.execFileSync('echo', ['a b', '$HOME', "it's"], { encoding: 'utf8' }), cp.execSync('cat', { input: 'é' }).toString());
    got.push(cp.execSync('echo $A; pwd', { env: { A: '1' }, cwd: '/tmp', encoding: 'utf8' }));
    const s = cp.spawnSync('grep', ['-c', 'a', 'data.txt']); got.push([s.status, String(s.stdout), s.signal, s.pid > 0]); got.push(cp.spawnSync('nosuch').error.code, cp.spawnSync('exit 4', { shell: true }).status);
    cp.execSync('sleep 0.2'); got.push(Date.now() - t >= 200); try { cp.execSync('while true; do :; done', { timeout: 200 }) } catch (e) { got.push([e.code, e.signal]) }
    try { cp.execSync('seq 1 100000', { maxBuffer: 100 }) } catch (e) { got.push([e.code, e.stdout.length]) } return got`);
  assert.deepEqual(result, [[3, "Command failed: echo out; echo err >&2; exit 3\nerr\n", "out\n", "err\n"], true, "a b $HOME it's\n", "é", "1\n/tmp\n", [0, "1\n", null, true], "ENOENT", 4, true, ["ETIMEDOUT", "SIGTERM"], ["ENOBUFS", 100]]);
  assert.match(stderr, /^err\n/);
});

test("exec, execFile and their promises give both streams, and errors with code, signal and output", async () => {
  const { stdout } = await run(`const { promisify } = require('util'); const exec = promisify(cp.exec); const all = [];
    all.push(await exec('wc -l < data.txt')); all.push(await promisify(cp.execFile)('cat', ['data.txt'])); await exec('echo o; echo e >&2; exit 2').catch((e) => all.push([e.code, e.killed, e.stdout, e.stderr, e.cmd]));
    const piped = exec('tr a-z A-Z'); piped.child.stdin.end('shout'); all.push((await piped).stdout); await exec('sleep 9', { timeout: 100 }).catch((e) => all.push([e.killed, e.signal, e.code]));
    console.log(JSON.stringify(all)); cp.exec('echo last', (error, out) => console.log(error, out))`);
  const [first, last] = stdout.split("\n");
  assert.deepEqual(JSON.parse(first ?? ""), [{ stdout: "2\n", stderr: "" }, { stdout: "b\na\n", stderr: "" }, [2, false, "o\n", "e\n", "echo o; echo e >&2; exit 2"], "SHOUT", [true, "SIGTERM", null]]);
  assert.equal(last, "null last");
});

test("spawn streams, waits for the end of what is written to it, can be killed, inherits, and tells what cannot be started", async () => {
  const { stdout, stderr } = await run(`const say = (...all) => console.log(...all);
    const sort = cp.spawn('sort', ['-r']); sort.stdout.setEncoding('utf8').on('data', (text) => say('sorted', JSON.stringify(text))); sort.stdin.write('a\\n'); setTimeout(() => sort.stdin.end('b\\n'), 20);
    await new Promise((done) => sort.on('close', (code, signal) => { say('closed', code, signal); done() }));
    const talk = cp.spawn('while read line; do echo "heard $line"; done', { shell: true }); const heard = []; talk.stdout.on('data', (text) => { heard.push(String(text).trim()); if (heard.length < 3) talk.stdin.write(heard.length + '\\n'); else talk.stdin.end() });
    talk.stdin.write('0\\n'); await new Promise((done) => talk.on('close', done)); say(heard.join());
    const sleep = cp.spawn('sleep', ['9']); setTimeout(() => sleep.kill('SIGINT'), 20); await new Promise((done) => sleep.on('exit', (code, signal) => { say(code, signal, sleep.killed); done() }));
    let ticks = 0; const clock = setInterval(() => ticks++, 10); await new Promise((done) => cp.exec('sleep 0.2', done)); clearInterval(clock); say('ran beside', ticks > 3);
    await new Promise((done) => cp.spawn('echo inherited; echo wrong >&2', { shell: true, stdio: 'inherit' }).on('close', done)); let all = ''; for await (const part of cp.spawn('ls').stdout) all += part; say(all.split('\\n').length);
    cp.spawn('nosuch', ['x']).on('error', (e) => say(e.code, e.message, e.spawnargs)); cp.spawn('node', ['x.js']).on('error', (e) => say(e.code, e.message));
    const stopped = new AbortController(); cp.spawn('sleep', ['9'], { signal: stopped.signal }).on('error', (e) => say(e.name)); stopped.abort()`);
  assert.deepEqual(stdout.trimEnd().split("\n"), ['sorted "b\\na\\n"', "closed 0 null", "heard 0,heard 1,heard 2", "null SIGINT true", "ran beside true", "inherited", "3", "AbortError", "ENOENT spawn nosuch ENOENT [ 'x' ]", "ENOENT spawn node ENOENT: node is not available here, commands run in a shell of this isolate"]);
  assert.equal(stderr, "wrong\n");
});

test("below its tier it is denied by name however it is named, and fork says what to do instead", async () => {
  for (const way of ["require('child_process')", "require('node:child' + '_process')", "await import('child_process')", "process.getBuiltinModule('child_process')"]) {
    const { error } = await worker.run({ files: { "main.js": `(${way}).execSync('echo out')` }, allowedModules: ["fs"], tier: "standard" });
    assert.equal(error?.message, 'module "child_process" is not allowed in tier "standard"; tier "premium" allows it');
  }
  const computed = await worker.run({ files: { "main.js": "return String(require('child' + '_process').execSync('echo computed'))" }, allowedModules: PREMIUM, tier: "premium" });
  assert.equal(computed.result, "computed\n");
  assert.match((await run("cp.fork('x.js')")).error?.message ?? "", /^child_process.fork is not available: .* run a command with exec or spawn$/);
});

test("a shell of the program reaches no network and no file that the program does not", async () => {
  const { result } = await run("return cp.spawnSync('curl http://127.0.0.1/; wget x; cat /etc/passwd; ls /', { shell: true, encoding: 'utf8' })");
  const { stdout, stderr } = result as { stdout: string; stderr: string };
  assert.equal(stdout, "bundle\ndev\ntmp\n");
  assert.match(stderr, /curl: is not available here\nwget: is not available here\ncat: \/etc\/passwd: No such file or directory/);
});
