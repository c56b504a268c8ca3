const [command, ...rest]: string[] = process.argv.slice(2);
const commands: Record<string, (args: string[]) => number> = {
  add: (args) => { console.log(args.map(Number).reduce((a, b) => a + b, 0)); return 0; },
  fail: () => 4,
};
const run = commands[command ?? ""];
if (run === undefined) { console.log("usage"); process.exit(2); }
console.log("exit", run(rest));
process.exit(run(rest) || 9);
