/** Python's subprocess, os.system and os.popen: commands run in the isolate's own shell on the program's own files. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Order, Workerd } from "./support.ts";

const PREMIUM = ["path", "util", "crypto", "fs", "http", "https", "zlib", "stream", "child_process"];
let worker: Workerd;
before(async () => { worker = await Workerd.start({ variant: "python" }); });
after(() => worker.stop());

const run = (code: string, rest: Order = {}) => worker.run({ files: { "main.py": code, "data.txt": "b\na\n" }, allowedModules: PREMIUM, tier: "premium", tierOfModule: { subprocess: "premium", child_process: "premium" }, timeoutMs: 30_000, ...rest });

test("subprocess, os.system and os.popen run commands on the program's files, at the same time and within their time", async () => {
  const { stdout, stderr, error, finished } = await run(`import os, subprocess as s, time
open("x.txt", "w").write("from py\\n")
print(s.run("cat x.txt data.txt | sort; pwd; echo sh > y.txt", shell=True, capture_output=True, text=True).stdout.split(), open("y.txt").read().strip())
print(os.system("echo inherited; exit 3") >> 8, os.popen("ls").read().split(), s.getoutput("echo $A"), s.check_output(["echo", "a b", "$HOME"]), s.run("echo $A; pwd", shell=True, env={"A": "1"}, cwd="/tmp", stdout=s.PIPE).stdout)
try: s.run(["grep", "zz", "data.txt"], check=True)
except s.CalledProcessError as error: print(error.returncode)
for missing in (["nosuch"], ["python3", "x.py"]):
    try: s.run(missing)
    except FileNotFoundError as error: print(error.errno, error.filename)
print(s.run(["sh", "-c", "nosuch"], stderr=s.STDOUT, stdout=s.PIPE).returncode)
try: s.run("while true; do :; done", shell=True, timeout=0.2)
except s.TimeoutExpired as error: print("timeout", error.timeout)
sort = s.Popen(["sort"], stdin=s.PIPE, stdout=s.PIPE, text=True)
sort.stdin.write("z\\ny\\n")
print(sort.communicate(), sort.returncode, s.run(["tr", "a-z", "A-Z"], input="shout", text=True, capture_output=True).stdout)
sleep = s.Popen(["sleep", "9"])
print(sleep.poll(), sleep.terminate(), sleep.wait())
began = time.time()
print([p.wait() for p in [s.Popen("sleep 0.5", shell=True) for _ in range(4)]], time.time() - began < 1.8)
with open("out.txt", "w") as file: s.run("echo to a file; echo and errors >&2", shell=True, stdout=file, stderr=s.DEVNULL)
s.Popen("touch late", shell=True)
`);
  assert.equal(error?.stack ?? "", "");
  assert.deepEqual(stdout.trimEnd().split("\n"), ["['a', 'b', 'from', 'py', '/session'] sh", "inherited", "3 ['data.txt', 'main.py', 'x.txt', 'y.txt']  b'a b $HOME\\n' b'1\\n/tmp\\n'", "1", "2 nosuch", "2 python3", "127", "timeout 0.2", "('y\\nz\\n', None) 0 SHOUT", "None None -15", "[0, 0, 0, 0] True"]);
  assert.equal(stderr, "");
  assert.deepEqual(finished.artifacts?.map(({ name, size }) => `${name} ${size}`), ["late 0", "out.txt 10", "x.txt 8", "y.txt 3"]);
});

test("below their tier they are denied by name", async () => {
  const attempts = ["import subprocess", "import os; os.system('ls')", "import os; os.popen('ls')", "__import__('sub' + 'process')"];
  const { stdout } = await run(`for attempt in ${JSON.stringify(attempts)}:\n    try: exec(attempt)\n    except (ImportError, PermissionError) as error: print(error)`, { allowedModules: ["fs"], tier: "standard" });
  assert.equal(stdout, "module 'subprocess' is not allowed in tier 'standard': tier 'premium' allows it\n".repeat(attempts.length));
});
