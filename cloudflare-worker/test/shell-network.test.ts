/** curl and wget in the shell: what they print, store and answer is what the real ones do against the same server, and the gateway decides what they reach. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Order, standard, Workerd } from "./support.ts";

const OPEN = "127.0.0.2";
let server: Server;
let worker: Workerd;
let base: string;
let failures = 0;

/** Says back what it was asked, without what differs between two clients by nature. */
function mirror(): Server {
  return createServer((request, response) => {
    const path = request.url ?? "";
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.removeHeader("date");
      if (path.startsWith("/status/")) response.writeHead(Number(path.slice(8)), { "content-type": "text/plain" }).end(`status ${path.slice(8)}\n`);
      else if (path.startsWith("/to/")) response.writeHead(Number(path.slice(4, 7)), { location: path.slice(7) }).end("moved\n");
      else if (path === "/loop") response.writeHead(302, { location: "/loop" }).end();
      else if (path === "/slow") response.write("first\n");
      else if (path === "/flaky") {
        failures += 1;
        response.writeHead(failures === 2 ? 200 : 503).end(`try ${failures}\n`);
      }
      else if (path === "/bytes") response.end(Buffer.from([...Array(256).keys()]));
      else {
        const { authorization, cookie, "content-type": type, "x-own": own, accept, referer } = request.headers;
        const body = Buffer.concat(parts).toString("latin1").replace(/-{20,}[0-9A-Za-z]+/g, "BOUNDARY");
        response.end(`${JSON.stringify({ method: request.method, path, authorization, cookie, type: type?.replace(/-{20,}.*/, "BOUNDARY"), own, accept, referer, agent: request.headers["user-agent"]?.replace(/ ?collab-execution\/.*/, "") || undefined, body })}\n`);
      }
    });
  });
}

before(async () => {
  server = mirror();
  await new Promise<void>((resolve) => server.listen(0, OPEN, resolve));
  base = `http://${OPEN}:${(server.address() as AddressInfo).port}`;
  worker = await Workerd.start({ variant: "shell", reach: [`${OPEN}/32`] });
});
after(async () => {
  await worker.stop();
  server.closeAllConnections();
  server.close();
});

const FILES = { "data.txt": "one\r\ntwo é\n", "form.json": '{"a": 1}' };
const run = (script: string, rest: Order = {}) => worker.run(standard({ "main.sh": `BASE=${base}\n${script}`, ...FILES }, { language: "shell", entry: "main.sh", ...rest }));

async function native(script: string): Promise<{ stdout: string; exitCode: number | null; files: Record<string, string> }> {
  const folder = mkdtempSync(join(tmpdir(), "curl-"));
  try {
    for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content);
    // Not spawnSync: the server that answers is in this process.
    const child = spawn("bash", ["-c", `BASE=${base}\n${script}`, "main.sh"], { cwd: folder, stdio: ["ignore", "pipe", "ignore"], env: { PATH: process.env.PATH ?? "", LANG: "C.UTF-8", HOME: folder } });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
    const made = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const files = Object.fromEntries(made.map((path) => [path.slice(folder.length + 1), readFileSync(path).toString("base64")]).filter(([name]) => !(name! in FILES)));
    return { stdout: Buffer.concat(parts).toString(), exitCode, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CURL: [name: string, script: string][] = [
  ["a plain request", "curl -s $BASE/a?b=c | jq -c ."],
  ["no scheme, own agent and referer", "curl -s -A me/1 -e http://from/ ${BASE#http://}/a"],
  ["headers added, replaced, emptied and removed", "curl -s -H 'X-Own: a b' -H 'Accept: text/plain' $BASE/; curl -s -H 'Accept:' -H 'User-Agent:' $BASE/; curl -s -H 'X-Own;' $BASE/"],
  ["form data, joined, from files and encoded", "curl -s -d a=1 -d b=2 $BASE/; curl -s -d @data.txt $BASE/; curl -s --data-binary @data.txt $BASE/; curl -s --data-raw @x $BASE/; curl -s --data-urlencode 'q=a b&é' --data-urlencode plain=1 --data-urlencode f@data.txt $BASE/; echo in | curl -s -d @- $BASE/"],
  ["JSON, a method by name, an upload", "curl -s --json '{\"a\":1}' $BASE/; curl -s --json @form.json -X PATCH $BASE/; curl -s -X DELETE $BASE/x; curl -s -T data.txt $BASE/up/"],
  ["data in the query", "curl -s -G -d a=1 -d b=2 $BASE/; curl -s -G -d c=3 \"$BASE/?x=y\""],
  ["forms of several parts", "curl -s -F name=value -F 'file=@data.txt;type=text/csv' -F 'other=@form.json;filename=x.json' -F 'in=<data.txt' $BASE/"],
  ["an account and cookies", "curl -s -u ann:s3 $BASE/; curl -s -b a=1 -b b=2 $BASE/; curl -s ${BASE/:\\/\\//://bob:pw@}/"],
  ["redirects, followed and not, and what becomes of a method", "curl -s $BASE/to/302/x; curl -sL $BASE/to/302/x; curl -sL -d a=1 $BASE/to/301/x; curl -sL -d a=1 $BASE/to/307/x; curl -sL -X PUT -d a=1 $BASE/to/302/x; curl -sL --max-redirs 3 $BASE/loop; echo $?"],
  ["failures by status", "curl -sf $BASE/status/404; echo $?; curl -s $BASE/status/500; echo $?; curl -s --fail-with-body $BASE/status/403; echo $?"],
  ["what is written out", "curl -s -o out.txt -w '%{http_code} %{size_download} %{content_type} %{num_redirects} %{method}\\n' $BASE/status/201; curl -s -o /dev/null -w '%{redirect_url} %{url_effective}\\n' $BASE/to/302/x | sed \"s#$BASE##g\"; curl -sL -o /dev/null -w '%{num_redirects}|%{response_code}|%%\\t%{exitcode}' $BASE/to/302/x"],
  ["files by -o and -O, bytes as they are", "curl -s -o d.bin $BASE/bytes; curl -sO $BASE/bytes; cksum < bytes; curl -s --create-dirs -o a/b/c $BASE/status/200 -o e $BASE/status/202; cat a/b/c e; curl -s $BASE/bytes | sha1sum"],
  ["tries again what is transient", "curl -s --retry 3 $BASE/flaky"],
  ["gives up in time", "curl -s -m 0.3 $BASE/slow; echo $?"],
  ["usage that is wrong", "curl -s 2>/dev/null; echo $?; curl -s --nope http://x 2>/dev/null; echo $?; curl -s ftp://127.0.0.1/x; curl -s -d @none $BASE/ >/dev/null; echo"],
];

const WGET: [name: string, script: string][] = [
  ["a file by its name, then by a number", "wget -q $BASE/status/200; wget -q $BASE/status/200; ls 200*; cat 200"],
  ["to a place, to standard output, several in one", "wget -q -O got $BASE/status/201; wget -qO- $BASE/a; wget -q -P dir/sub $BASE/status/202; wget -q -O both $BASE/status/200 $BASE/status/201; cat both"],
  ["posts, headers, an account", "wget -qO- --post-data 'a=1&b=2' $BASE/; wget -qO- --header 'X-Own: y' $BASE/; wget -qO- --method PUT --body-data z $BASE/"],
  ["redirects and failures", "wget -qO- $BASE/to/302/x; wget -q $BASE/status/404; echo $?; wget -q --content-on-error -O e $BASE/status/500; echo $?; cat e; wget -q --spider $BASE/a; echo $?"],
  ["no clobber", "echo old > 200; wget -q -nc $BASE/status/200; cat 200"],
];

for (const [program, cases] of [["curl", CURL], ["wget", WGET]] as const) {
  describe(`${program} does what ${program} does:`, { skip: spawnSync(program, ["--version"]).status !== 0 && `this machine has no ${program}` }, () => {
    for (const [name, script] of cases) {
      test(name, async () => {
        failures = 0;
        const wanted = await native(script);
        failures = 0;
        const said = await run(script);
        const files = Object.fromEntries((said.finished.artifacts ?? []).map((artifact) => [artifact.name, artifact.base64]));
        const agents = (text: string): string => text.replaceAll(/"agent":"(curl|Wget)\/[^"]*"/g, '"agent":"$1"');
        assert.deepEqual({ stdout: agents(said.stdout), exitCode: said.exitCode, files }, { ...wanted, stdout: agents(wanted.stdout) }, said.stderr);
      });
    }
  });
}

describe("the gateway", () => {
  test("decides what curl and wget reach, on a redirect too, and says why not", async () => {
    const said = await run("curl -sS http://127.0.0.1:1/; echo $?; curl -sSL $BASE/to/302http://169.254.169.254/; echo $?; wget http://localhost/; echo $?; curl -s http://10.0.0.1/ && echo reached");
    assert.equal(said.stdout, "7\n7\n4\n");
    assert.match(said.stderr, /^curl: \(7\) network_denied: 127\.0\.0\.1:?1? is not reachable: it is no public address\ncurl: \(7\) network_denied: 169\.254\.169\.254 is not reachable: .*\nfailed: network_denied: localhost /);
  });

  test("keeps accounts and cookies from another host that a redirect leads to", async () => {
    const second = createServer((request, response) => response.end(JSON.stringify({ authorization: request.headers.authorization, cookie: request.headers.cookie })));
    await new Promise<void>((resolve) => second.listen(0, OPEN, resolve));
    try {
      const to = `http://${OPEN}:${(second.address() as AddressInfo).port}/`;
      assert.equal((await run(`curl -sL -u ann:s3 -b a=1 -H 'Authorization: Bearer x' $BASE/to/302${to}`)).stdout, "{}");
    } finally {
      second.close();
    }
  });

  test("is shut to a tier without http, and where the operator has shut it", async () => {
    assert.match((await run("curl -s $BASE/", { allowedModules: ["path"], tier: "basic" })).stderr, /curl: module "curl" is not allowed in tier "basic": tier "standard" allows it/);
    const shut = await run("curl -sS $BASE/; echo $?", { egress: null });
    assert.deepEqual([shut.stdout, shut.stderr], ["7\n", `curl: (7) network_denied: ${OPEN} is not reachable: the network is switched off on this server\n`]);
  });

  test("is left in time when a signal ends the one that waits", async () => {
    assert.equal((await run("timeout 0.2 curl -s $BASE/slow; echo $?; curl -s $BASE/slow & kill $!; wait $!; echo $?")).stdout, "first\n124\n143\n");
  });
});
