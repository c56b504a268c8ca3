/** What Shell adds to a Worker: the interpreter, needed only where Shell runs. */
import { readFileSync } from "node:fs";
import { buildGuest, patched, pinned } from "../../../scripts/guest-build.mjs";

pinned("just-bash", "3.4.2");

const EXITING = "if(i instanceof he)throw i.prependOutput(r.stdout,r.stderr),i;if(i instanceof dn)return r.append(";
const EXITED = `if(i instanceof he){if(globalThis.shellSteps?.passesTrap(t,s)){this.ctx.state.lastExitCode=i.exitCode;this.ctx.state.env.set("?",String(i.exitCode));try{let f=await this.executeStatement(t.statements.at(-1));i.stdout+=$c(f);i.stderr+=f.stderr}catch(j){if(!(j instanceof he))throw j;j.prependOutput(i.stdout,i.stderr);i=j}}throw i.prependOutput(r.stdout,r.stderr),i}if(i instanceof dn)return r.append(`;

export const mended = {
  name: "just-bash",
  setup({ onLoad }) {
    onLoad({ filter: /just-bash\/dist\/bundle\/browser\.js$/ }, ({ path }) => {
      let source = readFileSync(path, "utf8");
      // Output leaves after each top-level statement, not at the end of the script.
      source = patched(source, 'async executeScript(t){this.assertDefenseContext("execution");let n=0,', 'async executeScript(t){this.assertDefenseContext("execution");globalThis.shellSteps?.begin(t);let n=0,');
      source = patched(source, "let i=await this.executeStatement(s);r.appendResult(i,$c(i)),", "let i=await this.executeStatement(s);r.appendResult(i,$c(i)),globalThis.shellSteps?.step(t,{stdout:$c(i),stderr:i.stderr}),");
      // An EXIT trap is the last statement of the script that isolate.ts makes; `exit` passes it by.
      source = patched(source, EXITING, EXITED);
      source = patched(source, "t.stdout=$3(t.stdout),", "t.raw=[t.stdout,t.stderr],t.stdout=$3(t.stdout),");
      // A command's name is split into words like any other word: `$cmd`, `"$@"`.
      source = patched(source, "let u=await _e(this.ctx,t.name),f=[],d=[],p=", 'let named=await dr(this.ctx,t.name),u=named.values[0]??"",f=[],d=[],p=');
      source = patched(source, 'f.push(N),d.push(I)};if(Fp(t.name,["local","declare","typeset","export","readonly"])&&(u===', 'f.push(N),d.push(I)};for(let N of named.values.slice(1))p(N,named.quoted);if(Fp(t.name,["local","declare","typeset","export","readonly"])&&(u===');
      // Inside arithmetic a substitution is what it is elsewhere: it knows the script's functions and variables.
      const arithmetic = "await e.execFn(t.command,{signal:e.state.signal})";
      if (source.split(arithmetic).length !== 3) throw new Error("a patch does not apply: substitution inside arithmetic");
      source = source.replaceAll(arithmetic, '{stdout:await Tn(e,{type:"CommandSubstitution",body:or(t.command)},!0),stderr:""}');
      // A loop that is left by break has ended well.
      source = patched(source, 'if(n.replace(l.stdout,l.stderr),l.action==="break")break;', 'if(n.replace(l.stdout,l.stderr),l.action==="break"){r=0;break}');
      source = patched(source, 'if(r.replace(a.stdout,a.stderr),a.action==="break")break;', 'if(r.replace(a.stdout,a.stderr),a.action==="break"){s=0;break}');
      source = patched(source, 'if(s.replace(h.stdout,h.stderr),h.action==="break")break;', 'if(s.replace(h.stdout,h.stderr),h.action==="break"){i=0;break}');
      source = patched(source, 'if(s.replace(f.stdout,f.stderr),f.action==="break")break;', 'if(s.replace(f.stdout,f.stderr),f.action==="break"){i=0;break}');
      source = patched(source, 'hS={name:"xargs",async execute(e,t){', 'hS={name:"xargs",async execute(e,t){if(/^-[nIdP]./.test(e[0]??""))e=[e[0].slice(0,2),e[0].slice(2),...e.slice(1)];');
      // A long range is an error beyond the limit, never silently shorter.
      source = patched(source, "Uo=1e4,md={maxResults:Uo", "Uo=1e6,md={maxResults:Uo");
      source = patched(source, "if(e.length>=n.maxResults)return!1;", 'if(e.length>=n.maxResults)throw new C(`brace expansion result limit exceeded (${n.maxResults})`,"array_elements");');
      source = source.replaceAll("p<Uo&&Ll(", "Ll(").replaceAll("m<Uo&&Ll(", "Ll(");
      return { contents: source, loader: "js" };
    });
  },
};

export default await buildGuest("shell", { bundle: { plugins: [mended], alias: { "just-bash": "just-bash/browser" }, external: ["node:*"] } });
