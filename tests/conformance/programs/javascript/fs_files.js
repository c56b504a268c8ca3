const fs = require("fs");
const path = require("path");
fs.writeFileSync("a.txt", "one\ntwo\n");
fs.appendFileSync("a.txt", "three");
console.log(fs.readFileSync("a.txt", "utf8").split("\n"), fs.existsSync("nope"), fs.statSync("a.txt").size, fs.statSync("a.txt").isFile());
fs.mkdirSync("dir/sub", { recursive: true });
fs.writeFileSync("dir/sub/b.json", JSON.stringify({ x: 1 }));
fs.copyFileSync("a.txt", "dir/copy.txt");
fs.renameSync("dir/copy.txt", "dir/moved.txt");
console.log(fs.readdirSync("dir").sort(), fs.readdirSync("dir", { withFileTypes: true }).map((e) => [e.name, e.isDirectory()]).sort());
try { fs.readFileSync("missing.txt"); } catch (e) { console.log(e.code, e.syscall, e.message.startsWith("ENOENT: no such file or directory")); }
fs.unlinkSync("a.txt");
fs.writeFileSync("bytes.bin", Buffer.from([0, 255, 10]));
console.log(fs.readFileSync("bytes.bin"), [...fs.readFileSync("bytes.bin")], fs.readFileSync("dir/sub/b.json", { encoding: "utf8" }));
fs.rmSync("dir", { recursive: true });
console.log(path.join("a", "..", "b", "c.txt"), path.basename("/x/y.tar.gz", ".gz"), path.extname("f.md"), path.dirname("/a/b/c"), path.resolve("/a", "b"), path.parse("/d/f.txt"), path.relative("/a/b", "/a/c"), path.isAbsolute("x"), path.sep, path.normalize("a//b/./c/.."));
