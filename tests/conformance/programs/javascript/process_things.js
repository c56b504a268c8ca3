console.log(typeof process.pid, process.cwd().length > 1, process.platform.length > 0, typeof process.uptime(), process.env.NOT_SET, process.hrtime.bigint() > 0n);
process.stdout.write("no newline, ");
process.stdout.write("then one\n");
process.on("exit", (code) => console.log("exit handler", code));
process.on("beforeExit", () => console.log("before exit"));
process.env.MINE = 5; console.log(process.env.MINE, "MINE" in process.env, __filename.endsWith("process_things.js"), typeof __dirname, require.main === module);
console.log(typeof structuredClone, typeof queueMicrotask, typeof TextEncoder, typeof URL, typeof AbortController, typeof performance, typeof crypto.subtle, typeof fetch, typeof Blob, typeof Event);
