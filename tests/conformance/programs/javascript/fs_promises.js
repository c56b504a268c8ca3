import { readFile, writeFile, mkdir, readdir, rm, stat, appendFile } from "node:fs/promises";
import fs from "node:fs";
await mkdir("out");
await writeFile("out/x.txt", "hello");
await appendFile("out/x.txt", " world");
console.log(await readFile("out/x.txt", "utf8"), await readdir("out"), (await stat("out/x.txt")).size);
try { await readFile("none"); } catch (error) { console.log(error.code); }
await Promise.all([1, 2, 3].map((n) => writeFile(`out/${n}.txt`, String(n * n))));
console.log((await readdir("out")).sort());
fs.readFile("out/2.txt", "utf8", (error, text) => console.log(error, text));
await new Promise((resolve) => fs.writeFile("kept.txt", "kept\n", resolve));
await new Promise((resolve) => setTimeout(resolve, 20));
fs.readFile("out/zzz", (error) => console.log(error.code));
await new Promise((resolve) => setTimeout(resolve, 20));
await rm("out", { recursive: true });
console.log(fs.existsSync("out"));
