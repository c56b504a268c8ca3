/** What SQL scripts are promised, asked of the built Worker in a real workerd; printed rows are compared with the machine's sqlite3 where it has one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { type Order, type Outcome, Workerd } from "./support.ts";

let workerd: Workerd;
before(async () => { workerd = await Workerd.start({ variant: "sql" }); });
after(async () => { await workerd.stop(); });

const sql = (script: string, rest: Order = {}): Order => {
  const { files, ...more } = rest;
  return { language: "sql", entry: "main.sql", files: { "main.sql": script, ...((files as Record<string, string>) ?? {}) }, ...more };
};
const run = (script: string, rest: Order = {}): Promise<Outcome> => workerd.run(sql(script, rest));
const displays = (said: Outcome) => said.frames.filter(({ type }) => type === "display").map((frame) => (frame as unknown as { mime: Record<string, string> }).mime["text/html"] ?? "");

describe("a SQL script", () => {
  test("prints the rows of its selects, and the last one's rows are the result", async () => {
    const said = await run("create table t(id integer primary key, name text);\ninsert into t(name) values ('Ann'), (null);\nselect 'first';\nselect * from t;");
    assert.equal(said.stdout, "first\n1|Ann\n2|\n");
    assert.deepEqual(said.result, [{ id: 1, name: "Ann" }, { id: 2, name: null }]);
    assert.equal(said.exitCode, 0);
  });

  test("without a select has no result", async () => {
    for (const script of ["", "-- nothing\n", "create table t(a);", ";;"]) assert.ok(!("result" in (await run(script)).finished), script);
  });

  test("a select without rows has an empty result", async () => {
    assert.deepEqual((await run("select 1 as a where 0")).result, []);
  });

  test("shows each result set as a table in which data is never markup", async () => {
    const [shown, ...more] = displays(await run("select '<script>alert(1)</script>' as \"<b>\", 2 as n, null as z"));
    assert.equal(more.length, 0);
    assert.equal(shown, '<table border="1"><thead><tr><th>&lt;b&gt;</th><th>n</th><th>z</th></tr></thead><tbody><tr><td>&lt;script&gt;alert(1)&lt;/script&gt;</td><td style="text-align:right">2</td><td><em>NULL</em></td></tr></tbody></table>');
  });

  test("names that come twice, large integers and bytes survive as JSON", async () => {
    assert.deepEqual((await run("select 1 as a, 2 as a, 9007199254740993 as big, x'00ff' as b, 1.5 as r")).result, [{ a: 1, "a:1": 2, big: "9007199254740993", b: "X'00ff'", r: 1.5 }]);
  });

  test("context values are parameters", async () => {
    assert.deepEqual((await run("select :n + $n + @n as n, (select count(*) from json_each(:list)) as l, :flag as f, :none as z", { context: { n: 7, list: [1, 2], flag: true, none: null } })).result, [{ n: 21, l: 2, f: 1, z: null }]);
  });

  test("reads other files of the session, scripts by .read and data by .import", async () => {
    const said = await run(".read lib/schema.sql\n.import --csv --skip 1 data.csv people\nselect name, age + 1 as next from people order by name;", {
      files: { "lib/schema.sql": "create table people(name text, age integer);", "data.csv": 'name,age\n"Zoë, B",1\nAnn,41\n' },
    });
    assert.deepEqual(said.result, [{ name: "Ann", next: 42 }, { name: "Zoë, B", next: 2 }]);
  });

  test("takes statements from standard input, given and typed", async () => {
    assert.equal((await run(".read -", { stdin: "select 1+1;" })).stdout, "2\n");
    const live = workerd.live(sql(".read /dev/stdin", { interactive: true }));
    assert.equal((await live.until("input")).prompt, "sql> ");
    live.say({ type: "stdin", data: "select 6*7;\n", eof: true });
    assert.equal((await live.until("output")).text, "42\n");
    assert.equal((await live.until("finished")).exitCode, 0);
    live.end();
  });

  test("database files come back as artifacts and can be opened by the next run", async () => {
    const first = await run(".open shop.db\ncreate table t(a); insert into t values (42);");
    const [artifact] = first.finished.artifacts ?? [];
    assert.equal(artifact?.name, "shop.db");
    assert.equal(artifact?.change, "created");
    const again = await workerd.run({ language: "sql", entry: "main.sql", files: [{ name: "main.sql", content: "attach 'shop.db' as shop; select a from shop.t; insert into shop.t values (43);" }, { name: "shop.db", base64: artifact?.base64 }] });
    assert.deepEqual(again.result, [{ a: 42 }]);
    assert.deepEqual(again.finished.artifacts?.map(({ name, change }) => [name, change]), [["shop.db", "changed"]]);
  });

  test("a script that only reads changes no file", async () => {
    assert.deepEqual((await run("select 1")).finished.artifacts, []);
  });

  test("triggers, comments and quoted semicolons do not end a statement", async () => {
    const said = await run("create table t(a); create table log(m); -- a; b\ncreate trigger tr after insert on t begin insert into log values ('x;' || new.a); select 1; end; /* ; */\ninsert into t values (';');\nselect m from log;");
    assert.deepEqual(said.result, [{ m: "x;;" }]);
  });
});

describe("an error in SQL", () => {
  test("names the message, the file and the line", async () => {
    const said = await run("select 1;\n\nselect *\nfrom nowhere;\nselect 2;");
    assert.equal(said.stdout, "1\n");
    assert.deepEqual([said.exitCode, said.error?.type, said.error?.message, said.error?.line, said.error?.file], [1, "SQLError", "no such table: nowhere", 4, "main.sql"]);
  });

  test("is found in the file that was read", async () => {
    const { error } = await run(".read bad.sql", { files: { "bad.sql": "select 1;\nselekt 2;" } });
    assert.deepEqual([error?.file, error?.line, error?.message], ["bad.sql", 2, 'near "selekt": syntax error']);
  });

  test("a violated constraint and a failed .read say so", async () => {
    assert.match((await run("create table t(a primary key);\ninsert into t values (1);\ninsert into t values (1);")).error?.message ?? "", /UNIQUE constraint failed: t\.a/);
    assert.match((await run(".read nope.sql")).error?.message ?? "", /cannot open "nope\.sql"/);
    assert.match((await run(".shell ls")).error?.message ?? "", /not available/);
    assert.match((await run(".read main.sql")).error?.message ?? "", /deeper than/);
  });

  test("memory that runs out is a clean error, in memory and in files", async () => {
    const fill = "create table t(a); with recursive c(x) as (select 1 union all select x+1 from c where x < 100000) insert into t select randomblob(100000) from c;";
    for (const script of [fill, `.open big.db\n${fill}`]) {
      const said = await run(script, { artifactBytesMax: 0 });
      assert.deepEqual([said.exitCode, said.error?.type], [137, "MemoryError"]);
    }
  });

  test("output beyond the limit is cut with a notice", async () => {
    const said = await run("with recursive c(x) as (select 1 union all select x+1 from c where x < 5000) select x from c;", { outputBytesMax: 2000 });
    assert.ok(said.stdout.length <= 2000);
    assert.ok(said.frames.some(({ type }) => type === "truncated"));
  });
});

describe("the shell's way of printing", { skip: spawnSync("sqlite3", ["--version"]).status !== 0 && "this machine has no sqlite3" }, () => {
  const table = "create table t(id integer, name text, score real);\ninsert into t values (1,'Ann',1.0),(2,'a \"quoted\", b',0.5),(3,null,0.25);\n";
  for (const mode of ["list", "tabs", "csv", "column", "table", "markdown", "box", "json", "line", "quote"]) {
    test(`is that of sqlite3 in mode ${mode}`, async () => {
      const script = `${table}.headers on\n.mode ${mode}\nselect * from t;\nselect 1 as one, 'x' as two;\n`;
      assert.equal((await run(script)).stdout, spawnSync("sqlite3", [":memory:"], { input: script, encoding: "utf8" }).stdout);
    });
  }
  test("writes numbers as sqlite3 does", async () => {
    const script = "select 1/0, 1e308*10, 0.1+0.2, 100.0, 1e15, 1e14, 123456789.123456789, 1e-5, 0.0001, -0.0, 1/3.0, 9223372036854775807, 12345678901234567890, 1e100, -2.5e-10, 5e-324;";
    assert.equal((await run(script)).stdout, spawnSync("sqlite3", [":memory:"], { input: script, encoding: "utf8" }).stdout);
  });
});
