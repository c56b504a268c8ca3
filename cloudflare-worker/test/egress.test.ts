/** The network: what a tier allows goes through the gateway, and nothing else is ever reached. A canary on this machine must see no request at all. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { FILES, order, type Order, standard, Workerd } from "./support.ts";

/** The only address of this machine that these tests let through; the canary listens on all others. */
const OPEN = "127.0.0.2";
const canaryHits: string[] = [];
const seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
let canary: Server;
let server: Server;
let worker: Workerd;
let base: string;
let closedPort: number;

const listen = (one: Server, host: string): Promise<number> => new Promise((resolve) => one.listen(0, host, () => resolve((one.address() as AddressInfo).port)));

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "";
  if (path.startsWith("/to?")) { response.writeHead(Number(request.headers["x-status"] ?? 302), { location: Buffer.from(decodeURIComponent(path.slice(4))).toString("latin1") }).end(); return; }
  if (path === "/zip") { response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("z".repeat(100_000))); return; }
  if (path === "/flood") {
    const part = Buffer.alloc(1024 * 1024);
    const more = (): void => { while (!response.destroyed && response.write(part)); };
    response.on("drain", more);
    more();
    return;
  }
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    seen.push({ method: request.method ?? "", url: path, headers: request.headers, body });
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.setHeader("x-collab-egress", "network_denied");
    response.end(`hello ${body}`);
  });
}

before(async () => {
  canary = createServer((request, response) => { canaryHits.push(`${request.headers.host} ${request.url}`); response.end("the canary"); });
  closedPort = await listen(canary, "0.0.0.0");
  server = createServer(answer);
  base = `http://${OPEN}:${await listen(server, OPEN)}`;
  worker = await Workerd.start({ variant: "python", reach: [`${OPEN}/32`] });
});
after(async () => {
  await worker.stop();
  for (const one of [canary, server]) { one.closeAllConnections(); one.close(); }
});

const filled = (text: string): string => text.replaceAll("BASE", base).replaceAll("CANARY", `127.0.0.1:${closedPort}`).replaceAll("OPENPORT", new URL(base).port).replaceAll("PORT", `${closedPort}`);
const run = (code: string, rest: Order = {}) => worker.run(standard(filled(code), rest));
const python = (code: string, rest: Order = {}) => worker.run(standard({ "main.py": filled(code) }, { timeoutMs: 30_000, ...rest }));

/** Hosts that are this machine, this network or a cloud's metadata, however they are spelled. */
const HOSTS = ["127.0.0.1", "127.1", "127.0.1", "127.0.0.001", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.", "127.255.255.254", "0", "0.0.0.0", "0x0", "１２７.０.０.１", "127。0。0。1", "%31%32%37.0.0.1",
  "localhost", "LOCALHOST", "localhost.", "foo.localhost", "localhost.localdomain", "ⓛocalhost", "printer.local", "metadata.google.internal", "router.lan", "db.home.arpa", hostname(),
  "10.0.0.1", "10.255.255.255", "012.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "0xc0.168.1", "3232235521", "100.64.0.1", "100.100.100.200", "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "168.63.129.16",
  "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
  "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001:db8::1]",
  "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[100::1]", "[3fff::1]", "[5f00::1]", "[::ffff:0:127.0.0.1]"];

test(`no spelling of a private address is reached, directly or by a redirect: ${HOSTS.length} hosts`, async () => {
  const ask = (prefix: string) => `const out = {}; await Promise.all(${JSON.stringify(HOSTS)}.map(async (host) => {
    try { out[host] = 'REACHED ' + (await (await fetch(${prefix}('http://' + host + ':PORT/'))).text()) } catch (e) { out[host] = e.code ?? e.cause?.code ?? e.name + ' ' + e.message }
  })); return out`;
  const direct = (await run(ask("String"), { timeoutMs: 20_000 })).result as Record<string, string>;
  const redirected = (await run(ask("((to) => 'BASE/to?' + encodeURIComponent(to))"), { timeoutMs: 20_000 })).result as Record<string, string>;
  for (const host of HOSTS) {
    assert.equal(direct[host], "network_denied", `${host} directly`);
    // What is no URL at all cannot be redirected to either.
    assert.match(redirected[host] ?? "", /^(network_denied|network_failed)$/, `${host} by a redirect`);
  }
  assert.equal(Object.keys(direct).length, HOSTS.length);
  assert.deepEqual(canaryHits, []);
});

test("a gateway that believes every address to be public still reaches none: the network service judges again when it connects", async () => {
  const fooled = await Workerd.start({ believed: ["0.0.0.0/0", "::/0"] });
  try {
    const { result } = await fooled.run(standard(filled(`const out = []; await Promise.all(${JSON.stringify(HOSTS)}.map((host) => fetch('http://' + host + ':PORT/').then(() => out.push(host), () => {}))); return out`), { timeoutMs: 20_000 }));
    assert.deepEqual([result, canaryHits], [[], []]);
  } finally {
    await fooled.stop();
  }
  // The canary does sing: with its network let through it is reached.
  const open = await Workerd.start({ reach: ["127.0.0.1/32"] });
  try {
    assert.equal((await open.run(standard(filled("return (await fetch('http://CANARY/')).text()")))).result, "the canary");
    assert.equal(canaryHits.splice(0).length, 1);
  } finally {
    await open.stop();
  }
});

/** Other ways out than a plain fetch; each must fail, and the program go on. */
const ROUTES: [route: string, modules?: string][] = [
  ["await fetch('ws://CANARY/')"], ["await fetch('ftp://CANARY/')"], ["await fetch('file:///etc/passwd')"], ["await fetch('gopher://CANARY/')"], ["await fetch('//CANARY/')"],
  ["await fetch('http://user:pass@CANARY/')"], ["await fetch('http://BASE@CANARY/')"], ["await fetch(new Request('http://CANARY/'))"], ["await fetch({ toString: () => 'http://CANARY/' })"], ["await fetch(new URL('http://CANARY/'))"],
  ["await fetch('BASE/x', { headers: { host: 'CANARY' } }).then((r) => { throw new Error('to the open server') })"], ["await fetch('BASE/x', { headers: { upgrade: 'websocket', connection: 'upgrade' } })"], ["await fetch('BASE/x', { method: 'CONNECT' })"], ["await fetch('BASE/x', { method: 'TRACE' })"],
  ["await fetch('http://CANARY/', { cf: { resolveOverride: 'CANARY' } })"], ["await fetch.call(null, 'http://CANARY/')"], ["await Reflect.apply(fetch, globalThis, ['http://CANARY/'])"], ["await (delete globalThis.fetch, fetch)('http://CANARY/')"],
  ["await Object.getPrototypeOf(globalThis).fetch('http://CANARY/')"], ["new WebSocket('ws://CANARY/')"], ["new WebSocket('BASE/'.replace('http', 'ws'))"], ["new EventSource('http://CANARY/')"], ["await caches.default.match('http://CANARY/')"], ["await (await caches.open('x')).add('http://CANARY/')"],
  ["globalThis.connect('CANARY')"], ["await import('cloudflare:sockets')"], ["process.getBuiltinModule('cloudflare:sockets')"], ["navigator.sendBeacon('http://CANARY/')"], ["new XMLHttpRequest()"], ["importScripts('http://CANARY/')"], ["await import('http://CANARY/x.js')"], ["require('http://CANARY/x.js')"],
  ["await new Promise((ok, no) => require('http').get('http://CANARY/', ok).on('error', no))"], ["await new Promise((ok, no) => require('node:' + 'http').request({ host: '127.0.0.1', port: PORT }, ok).on('error', no).end())"],
  ["await new Promise((ok, no) => process.getBuiltinModule('https').get('https://CANARY/', ok).on('error', no))"], ["await new Promise(async (ok, no) => (await import('node:http')).get({ hostname: '0x7f.1', port: PORT }, ok).on('error', no))"],
  ["await new Promise((ok, no) => require('http').get({ host: 'BASE'.slice(7), path: 'http://CANARY/' }, ok).on('error', no))"], ["await new Promise((ok, no) => new (require('http').ClientRequest)('http://CANARY/', ok).on('error', no).end())"],
  ["new (require('http').WebSocket)('ws://CANARY/')"], ["require('http').createServer()"],
  ["await new Promise((ok, no) => require('net').connect(PORT, '127.0.0.1', ok).on('error', no))", "*"], ["new (require('net').Socket)().connect(PORT)", "*"], ["await new Promise((ok, no) => require('tls').connect(PORT, ok).on('error', no))", "*"], ["require('http2').connect('http://CANARY')", "*"],
  ["require('dgram').createSocket('udp4')", "*"], ["await require('dns').promises.lookup('example.com')", "*"], ["await require('dns/promises').resolve4('example.com')", "*"], ["await import('cloudflare:sockets')", "*"], ["require('module').createRequire('/')('cloudflare:sockets')", "*"],
];

test(`no other route leads out: ${ROUTES.length} of them`, async () => {
  for (const [route, modules] of ROUTES) {
    const rest = modules === undefined ? {} : { allowedModules: [modules], tier: "enterprise" };
    const { result, error } = await run(`try { const got = ${route}; return ['GOT', typeof got, String(got?.status)] } catch (e) { return [e.code ?? e.name] }`, rest);
    assert.ok(error !== undefined || (result as string[])[0] !== "GOT", `${route}: ${JSON.stringify(result)}`);
  }
  assert.deepEqual(canaryHits, []);
  assert.deepEqual(seen.filter(({ method }) => method !== "GET"), []);
});

test("the network service refuses by itself what a name resolves to, whatever the gateway before it believes", async () => {
  const { result } = await run(`return await fetch('http://${hostname()}:PORT/').catch((e) => [e.name, e.code, e.host, e.message])`);
  assert.deepEqual(result, ["NetworkDeniedError", "network_denied", hostname().toLowerCase(), `network_denied: ${hostname().toLowerCase()} is not reachable: its name leads to no public address`]);
});

test("a tier without http has no network and says which tier has", async () => {
  for (const code of ["await fetch('BASE/x')", "new WebSocket('BASE/')"]) {
    const { error } = await worker.run(order(code.replace("BASE", base)));
    assert.equal(error?.type, "NetworkDeniedError");
    assert.match(error?.message ?? "", /^network_denied: 127\.0\.0\.2:\d+ is not reachable: tier "basic" has no network; tier "standard" allows it$/);
    assert.equal(error?.line, 1);
  }
  const { result } = await worker.run("return (await fetch('data:text/plain,ok')).text()");
  assert.equal(result, "ok");
});

test("an operator may switch the network off, or say which hosts are allowed", async () => {
  const off = await run("return await fetch('BASE/x')", { egress: null });
  assert.match(off.error?.message ?? "", /the network is switched off on this server/);
  const listed = async (egress: Order) => (await run("return (await fetch('BASE/x')).status", { egress })).error?.message ?? "reached";
  assert.equal(await listed({ allow: [OPEN], deny: [] }), "reached");
  assert.match(await listed({ allow: ["*.example.com"], deny: [] }), /not among the hosts that this server allows/);
  assert.match(await listed({ allow: [OPEN], deny: [OPEN] }), /this server does not allow the host/);
});

test("fetch and node:http work, redirects included, and a program waits for answers it did not await", async () => {
  seen.length = 0;
  const fetched = await run(`const r = await fetch('BASE/to?${encodeURIComponent("/b")}', { method: 'POST', body: 'x', headers: { 'x-status': '307' } }); console.log(r.status, r.redirected, new URL(r.url).pathname, await r.text());
    fetch('BASE/c').then(async (r) => { for await (const part of r.body) console.log(new TextDecoder().decode(part), r.headers.getSetCookie()) }); fetch('BASE/zip').then((r) => r.text()).then((t) => console.log(t.length))`);
  assert.equal(fetched.error, undefined);
  assert.deepEqual(fetched.stdout.trimEnd().split("\n").sort(), ["100000", "200 true /b hello x", "hello  [ 'a=1', 'b=2' ]"]);
  const old = await run("const q = require('http').request('BASE/d', { method: 'PUT' }, (r) => { let t = ''; r.on('data', (d) => { t += d }); r.on('end', () => console.log(r.statusCode, t)) }); q.write('ab'); q.end('c')");
  assert.equal(old.stdout, "200 hello abc\n");
  assert.deepEqual(seen.map(({ method, url, body }) => `${method} ${url} ${body}`).sort(), ["GET /c ", "POST /b x", "PUT /d abc"]);
});

test("what was meant for one origin does not follow a redirect to another: accounts and cookies, in JavaScript and in Python", async () => {
  const other = createServer(answer);
  const elsewhere = `http://${OPEN}:${await listen(other, OPEN)}`;
  try {
    seen.length = 0;
    const to = (path: string): string => encodeURIComponent(`${elsewhere}${path}`);
    const secrets = "authorization: 'Bearer own', cookie: 'a=1', 'proxy-authorization': 'Basic eA=='";
    const { result, error } = await run(`const headers = { ${secrets}, 'x-own': 'kept', 'x-status': '307' };
      const same = await fetch('BASE/to?%2Fj-same', { headers });
      const r = await fetch(new Request('BASE/to?${to("/j-far")}', { method: 'POST', body: 'x', headers }));
      const back = await fetch('BASE/to?${encodeURIComponent(`${elsewhere}/to?${encodeURIComponent(`${base}/j-back`)}`)}', { headers });
      const form = await fetch('BASE/to?${to("/j-form")}', { method: 'POST', body: new URLSearchParams('a=b'), headers: { 'x-status': '302', cookie: 'a=1' } });
      const manual = await fetch('BASE/to?${to("/")}', { headers, redirect: 'manual' });
      const faults = [];
      for (const to of ['data:,x', '/to?%2Fto%3F']) await fetch('BASE/to?' + encodeURIComponent(to)).catch((e) => faults.push([e.name, e.message, e.cause?.code]));
      return [[same, r, back, form, manual].map((r) => [r.status, r.redirected, r.url.split('/').at(-1)]), await r.text(), faults]`);
    assert.equal(error, undefined);
    const [answers, body, faults] = result as [unknown[], string, string[][]];
    assert.deepEqual(answers.slice(0, 4), [[200, true, "j-same"], [200, true, "j-far"], [200, true, "j-back"], [200, true, "j-form"]]);
    assert.deepEqual([(answers[4] as unknown[])[0], (answers[4] as unknown[])[1], body], [307, false, "hello x"]);
    assert.ok(faults.every(([name, message]) => name === "TypeError" && message === "fetch failed"), JSON.stringify(faults));
    const py = await python(`import urllib.request, requests
from pyodide.http import pyfetch
headers = {"Authorization": "Bearer own", "Cookie": "a=1", "Proxy-Authorization": "Basic eA==", "X-Own": "kept"}
urllib.request.urlopen(urllib.request.Request("BASE/to?%2Fp-same", headers=headers)).read()
urllib.request.urlopen(urllib.request.Request("BASE/to?${to("/p-urllib")}", headers=headers)).read()
requests.get("BASE/to?${to("/p-requests")}", headers=headers)
print((await pyfetch("BASE/to?${to("/p-fetch")}", headers=headers)).status)
`);
    assert.equal(py.error?.stack ?? "", "");
    const told = Object.fromEntries(seen.map(({ method, url, headers }) => [url, [method, headers.authorization, headers.cookie, headers["x-own"]]]));
    assert.deepEqual(told, {
      "/j-same": ["GET", "Bearer own", "a=1", "kept"], "/j-far": ["POST", undefined, undefined, "kept"], "/j-back": ["GET", undefined, undefined, "kept"], "/j-form": ["GET", undefined, undefined, undefined],
      "/p-same": ["GET", "Bearer own", "a=1", "kept"], "/p-urllib": ["GET", undefined, undefined, "kept"], "/p-requests": ["GET", undefined, undefined, "kept"], "/p-fetch": ["GET", undefined, undefined, "kept"],
    });
  } finally {
    other.closeAllConnections();
    other.close();
  }
});

test("what leaves names the service and carries nothing of the server, nor what the program may not say", async () => {
  seen.length = 0;
  await run("await fetch('BASE/h', { headers: { host: 'other.example', 'user-agent': 'mine/1', authorization: 'Bearer own', 'x-forwarded-for': '1.2.3.4', 'cf-connecting-ip': '1.2.3.4', via: 'x', 'x-collab-egress': 'x', 'x-own': 'kept' } })");
  const { host, "user-agent": agent, "x-own": own, authorization, ...rest } = seen[0]?.headers ?? {};
  assert.deepEqual({ host, own, authorization }, { host: base.slice(7), own: "kept", authorization: "Bearer own" });
  assert.match(agent ?? "", /^mine\/1 collab-execution\/[\d.]+$/);
  assert.deepEqual(Object.keys(rest).filter((name) => name !== "connection"), []);
});

test("requests, bytes out and bytes in are limited for a run, and the limit is named", async () => {
  const counted = await run("let n = 0; try { for (;; n++) await (await fetch('BASE/n')).text() } catch (e) { return [n, e.code, e.message] }", { timeoutMs: 20_000 });
  assert.deepEqual(counted.result, [200, "network_limit", `network_limit: ${OPEN} is not reachable: a run may make 200 requests`]);
  const sent = await run("const body = new Uint8Array(5e6); const r = []; for (let i = 0; i < 2; i++) r.push(await fetch('BASE/up', { method: 'POST', body }).then((r) => r.status, (e) => e.message)); return r");
  assert.deepEqual(sent.result, [200, `network_limit: ${OPEN} is not reachable: a run may send 8388608 bytes`]);
  const received = await run("let n = 0; try { for await (const part of (await fetch('BASE/flood')).body) n += part.length } catch (e) { return [n <= 64 * 2**20, e.name, e.message] }", { timeoutMs: 20_000 });
  assert.deepEqual(received.result, [true, "NetworkLimitError", "network_limit: a run may receive 67108864 bytes"]);
});

test("Python's urllib, http.client and pyfetch use the same gateway", async () => {
  const { stdout, error } = await python(`import http.client, urllib.request, urllib.error
from pyodide.http import pyfetch
print(urllib.request.urlopen("BASE/to?%2Fp").read().decode())
print(urllib.request.urlopen("BASE/q", data=b"x=1").read().decode())
line = http.client.HTTPConnection("${OPEN}", OPENPORT)
for body in ("one", iter([b"t", b"wo"])):
    line.request("PUT", "/r", body, encode_chunked=True, headers={} if body == "one" else {"Transfer-Encoding": "chunked"})
    print(line.getresponse().read().decode())
print(await (await pyfetch("BASE/s")).text())
for host in ("127.0.0.1:PORT", "0x7f.1:PORT", "169.254.169.254", "[::1]:PORT", "${hostname()}:PORT"):
    try: urllib.request.urlopen("http://" + host)
    except urllib.error.URLError as error: print(type(error.reason).__name__, error.reason.code)
    try: urllib.request.urlopen("BASE/to?http://" + host)
    except urllib.error.URLError as error: print(type(error.reason).__name__, error.reason.code)
    try: await pyfetch("http://" + host)
    except OSError as error: print("network_denied" in str(error))
`);
  assert.equal(error?.stack ?? "", "");
  assert.deepEqual(stdout.trimEnd().split("\n"), ["hello ", "hello x=1", "hello one", "hello two", "hello ", ...Array(5).fill(["NetworkDeniedError network_denied", "NetworkDeniedError network_denied", "True"]).flat()]);
  assert.deepEqual(canaryHits, []);
});

test("Python reaches no network below the tier, and no sockets in any", async () => {
  const basic = await worker.run({ files: { "main.py": "import urllib.request" } });
  assert.match(basic.error?.message ?? "", /module 'urllib.request' is not allowed in tier 'basic': tier 'standard' allows it/);
  const sockets = await python(`import socket, js
for attempt in (lambda: socket.create_connection(("127.0.0.1", PORT)), lambda: socket.socket().connect(("127.0.0.1", PORT)), lambda: socket.getaddrinfo("example.com", 80)):
    try: print(attempt())
    except OSError as error: print(error.strerror)
for name in ("WebSocket", "XMLHttpRequest", "EventSource", "caches", "connect"): print(hasattr(js, name))
try: await js.fetch("http://127.0.0.1:PORT")
except Exception as error: print("network_denied" in str(error))
`, { allowedModules: ["*"], tier: "enterprise" });
  assert.equal(sockets.error?.stack ?? "", "");
  assert.deepEqual(sockets.stdout.trimEnd().split("\n"), [...Array(3).fill("network_denied: raw sockets are not available; use urllib.request or http.client"), ...Array(5).fill("False"), "True"]);
  assert.deepEqual(canaryHits, []);
});

test("requests and urllib3 are there, and go through the same gateway", async () => {
  const { stdout, stderr, error } = await python(`
import requests, urllib3
from importlib.metadata import version
print(version("requests") == requests.__version__)
session = requests.Session()
said = session.post("BASE/to?/r", json={"a": "é"}, headers={"X-Status": "307"})
print(said.status_code, said.url.endswith("/r"), said.text, [one.status_code for one in said.history], session.cookies.get_dict())
print(session.put("BASE/f", files={"f": ("n.txt", "in a file")}, auth=("ann", "s3"), timeout=5).text.count("in a file"))
print(sum(map(len, requests.get("BASE/zip", stream=True).iter_content(4096))), urllib3.request("GET", "BASE/u").data)
for address in ("http://CANARY/", "https://10.0.0.1/", "BASE/to?http%3A%2F%2F169.254.169.254%2F"):
    try:
        print("REACHED", requests.get(address))
    except requests.exceptions.ConnectionError as error:
        print(type(error.args[0].args[1]).__name__)
`);
  assert.equal(stdout, "True\n200 True hello {\"a\": \"\\u00e9\"} [307] {'a': '1', 'b': '2'}\n1\n100000 b'hello '\nNetworkDeniedError\nNetworkDeniedError\nNetworkDeniedError\n", `${stderr}${error?.stack}`);
  assert.deepEqual(seen.slice(-3).map(({ method, headers }) => [method, headers.authorization, headers.cookie]), [["POST", undefined, undefined], ["PUT", "Basic YW5uOnMz", "a=1; b=2"], ["GET", undefined, undefined]]);
  assert.deepEqual(canaryHits, []);
  const refused = await worker.run(order({ language: "python", files: { "main.py": "import requests" }, entry: "main.py" }));
  assert.match(refused.error?.message ?? "", /module 'requests' is not allowed in tier 'basic': tier 'standard' allows it/);
});

test("Ruby's net/http and open-uri use the same gateway, and what it refuses is an error of theirs", async () => {
  const other = createServer(answer);
  const elsewhere = `http://${OPEN}:${await listen(other, OPEN)}`;
  const interpreter = await Workerd.start({ variant: "ruby", reach: [`${OPEN}/32`] });
  const ruby = (code: string, rest: Order = {}) => interpreter.run(standard({ "main.rb": filled(code) }, { language: "ruby", entry: "main.rb", timeoutMs: 15_000, ...rest }));
  try {
    seen.length = 0;
    const { stdout, stderr, error } = await ruby(`require "net/http"
require "open-uri"
base = URI("BASE/")
puts Net::HTTP.get(base + "/r1"), Net::HTTP.get(base.host, "/r2", base.port)
said = Net::HTTP.get_response(base + "/r3")
p said.code, said.is_a?(Net::HTTPOK), said.get_fields("set-cookie")
puts Net::HTTP.post(base + "/r4", '{"a": "é"}', "Content-Type" => "application/json").body, Net::HTTP.post_form(base + "/r5", "q" => "a b").body
Net::HTTP.start(base.host, base.port, read_timeout: 5) do |http|
  put = Net::HTTP::Put.new("/r6", { "X-Own" => "1" })
  put.basic_auth("ann", "s3")
  put.body_stream = StringIO.new("streamed")
  put["Transfer-Encoding"] = "chunked"
  puts http.request(put).body, http.head("/r7").code, http.delete("/r8").code
  http.request_get("/zip") { |answer| sum = 0; answer.read_body { |part| sum += part.bytesize }; p sum }
end
p Net::HTTP.get_response(base + "/to?%2Fr9").then { |answer| [answer.code, answer["location"], answer.is_a?(Net::HTTPRedirection)] }
puts URI.open("BASE/to?%2Fr10", "Authorization" => "Bearer own", "X-Own" => "kept").read
puts URI.open("BASE/to?${encodeURIComponent(`${elsewhere}/r11`)}", "Authorization" => "Bearer own", "Cookie" => "a=1", "X-Own" => "kept").read
[base.dup.tap { |uri| uri.host = "127.0.0.1" }, URI("https://10.0.0.1/"), URI("http://${hostname()}:PORT/")].each do |uri|
  Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https", verify_mode: OpenSSL::SSL::VERIFY_NONE) { |http| puts "REACHED " + http.get("/").body }
rescue SocketError => error
  p [error.class, error.code, error.host == uri.host]
end
begin
  Net::HTTP.post(base + "/large", "x" * 9_000_000)
rescue NetworkLimitError => error
  puts error.message
end
begin
  require "socket"
rescue LoadError => error
  puts error.message
end
`, { allowedModules: [...FILES, "net"] });
    assert.equal(error?.stack ?? stderr, "");
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "hello ", "hello ", '"200"', "true", '["a=1", "b=2"]', 'hello {"a": "é"}', "hello q=a+b", "hello streamed", "200", "200", "100000", '["302", "/r9", true]', "hello ", "hello ",
      ...Array(3).fill('[NetworkDeniedError, "network_denied", true]'), "network_limit: the request is larger than a run may send", "cannot load such file -- socket: programs have no sockets here; net/http and open-uri work where a tier has http",
    ]);
    assert.deepEqual(seen.map(({ method, url, headers }) => [method, url, headers.authorization, headers.cookie, headers["x-own"]].filter((one) => one !== undefined).join(" ")), [
      "GET /r1", "GET /r2", "GET /r3", "POST /r4", "POST /r5", "PUT /r6 Basic YW5uOnMz 1", "HEAD /r7", "DELETE /r8", "GET /r10 Bearer own kept", "GET /r11 kept",
    ]);
    assert.deepEqual(canaryHits, []);
    const basic = await ruby('require "net/http"', { allowedModules: ["path"], tier: "basic" });
    assert.match(basic.error?.message ?? "", /module "net\/http" is not allowed in tier "basic": tier "standard" allows it/);
    const off = await ruby('require "net/http"\nNet::HTTP.get(URI("BASE/x"))', { egress: null });
    assert.match(off.error?.message ?? "", /the network is switched off on this server/);
  } finally {
    await interpreter.stop();
    other.closeAllConnections();
    other.close();
  }
});
