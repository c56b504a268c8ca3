/**
 * The one policy table on the Worker's side: what a JavaScript program may import, and under which name it is allowed.
 * The list that applies to a run comes with the run (`allowedModules`); no tier is known here.
 *
 * pure      computation only, needed by everyday code; reaches nothing, so it is allowed in every tier.
 * gated     allowed when the run's list has its name (`as`: the name of the list entry when it differs) or "*".
 * never     would reach the loader or the host of the isolate; no list can allow it.
 */
export type ModuleRule = { kind: "pure" } | { kind: "gated"; as: string } | { kind: "never" };

const PURE = ["assert", "assert/strict", "buffer", "console", "constants", "events", "process", "punycode", "querystring", "readline",
  "readline/promises", "string_decoder", "timers", "timers/promises", "url"];
const GATED = ["async_hooks", "child_process", "crypto", "dgram", "diagnostics_channel", "dns", "fs", "http", "http2", "https", "net", "os", "path",
  "perf_hooks", "stream", "tls", "tty", "util", "v8", "zlib"];
const GATED_AS: Record<string, string> = {
  "dns/promises": "dns", "fs/promises": "fs", "path/posix": "path", "path/win32": "path", "stream/consumers": "stream",
  "stream/promises": "stream", "stream/web": "stream", "util/types": "util", sys: "util",
};
const NEVER = ["_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing", "_http_server", "_stream_duplex", "_stream_passthrough",
  "_stream_readable", "_stream_transform", "_stream_wrap", "_stream_writable", "_tls_common", "_tls_wrap", "cluster", "domain", "inspector", "inspector/promises", "module", "repl", "sea", "sqlite", "test", "test/reporters",
  "trace_events", "vm", "wasi", "worker_threads"];

export const MODULE_RULES: ReadonlyMap<string, ModuleRule> = new Map<string, ModuleRule>([
  ...PURE.map((name): [string, ModuleRule] => [name, { kind: "pure" }]),
  ...GATED.map((name): [string, ModuleRule] => [name, { kind: "gated", as: name }]),
  ...Object.entries(GATED_AS).map(([name, as]): [string, ModuleRule] => [name, { kind: "gated", as }]),
  ...NEVER.map((name): [string, ModuleRule] => [name, { kind: "never" }]),
]);

/** Modules of the runtime itself that no program may see. */
export const RUNTIME_MODULES: readonly string[] = [
  "cloudflare:workers", "cloudflare:sockets", "cloudflare:email", "cloudflare:workflows", "cloudflare:node", "cloudflare:br",
  "cloudflare:pipelines", "cloudflare:vectorize", "workerd:unsafe", "workerd:unsafe-eval", "workerd:rtti", "workerd:compatibility-flags",
];

/** Names that are shadowed by an inert module in every isolate: the second layer, should a native import ever be reached. */
export const SHADOWED_MODULES: readonly string[] = [
  ...RUNTIME_MODULES,
  ...[...MODULE_RULES.keys()].flatMap((name) => [name, `node:${name}`]),
];

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** The bare name of a builtin (`node:fs` and `fs` → `fs`), or null when the specifier does not name one. */
export function builtinName(specifier: string): string | null {
  const name = specifier.startsWith("node:") ? specifier.slice(5) : specifier;
  if (MODULE_RULES.has(name)) return name;
  const scheme = SCHEME.exec(specifier)?.[1]?.toLowerCase();
  return scheme !== undefined && scheme !== "file" && scheme !== "data" ? specifier : null;
}

export type Verdict = { allowed: true } | { allowed: false; listed: string | null };

/** May a run with this list use this builtin? `listed` is the entry that would allow it, null when none can. */
export function judgeModule(name: string, allowedModules: readonly string[]): Verdict {
  const rule = MODULE_RULES.get(name);
  if (rule === undefined || rule.kind === "never") return { allowed: false, listed: null };
  if (rule.kind === "pure") return { allowed: true };
  const allowed = allowedModules.some((entry) => {
    const bare = entry.startsWith("node:") ? entry.slice(5) : entry;
    return bare === "*" || bare === rule.as || bare === name;
  });
  return allowed ? { allowed } : { allowed, listed: rule.as };
}
