/** The Worker's routes. It executes nothing itself and knows no language; see execute.ts and languages/. */
import { authorized } from "./auth.js";
import { type Context, type Env, execute, hostOf, rehearse } from "./execute.js";
import { LANGUAGES } from "./languages/index.js";
import { Refusal } from "./wire.js";

export { Gateway } from "./egress/gateway.js";

declare const WORKER_VERSION: string;

let warmed: Promise<void> | null = null;

/** A process that serves one language only warms that one. */
async function warm(env: Env, ctx: Context, only: string | null, haste: boolean): Promise<void> {
  for (const language of LANGUAGES.values()) {
    if (only !== null && language.name !== only) continue;
    await language.warm?.(hostOf(env, ctx), haste);
    if (!haste) await rehearse(language, env, ctx);
  }
}

/** What can really run here: an interpreter may be missing from this Worker. */
async function available(env: Env, ctx: Context): Promise<string[]> {
  const host = hostOf(env, ctx);
  const there = await Promise.all([...LANGUAGES.values()].map(async (language) => (await language.available?.(host)) !== false));
  return [...LANGUAGES.keys()].filter((_, at) => there[at]);
}

/** What the platform gives an isolate, where that is less than a run may ask for. */
function ceiling(env: Env): { memoryBytesMax?: number } {
  const bytes = Number(env.MEMORY_BYTES_MAX);
  return Number.isSafeInteger(bytes) && bytes > 0 ? { memoryBytesMax: bytes } : {};
}

async function route(request: Request, env: Env, ctx: Context): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/healthz" && request.method === "GET") {
    return Response.json({ ok: true, languages: await available(env, ctx), version: WORKER_VERSION, ...ceiling(env) });
  }
  if (!(await authorized(request, env.SECRET))) throw new Refusal("unauthorized", "the bearer token is missing or wrong");
  if (request.method !== "POST") throw new Refusal("not_found", "no such resource", 404);
  if (pathname === "/execute") return execute(request, env, ctx);
  if (pathname === "/warm") {
    warmed ??= warm(env, ctx, searchParams.get("language"), searchParams.has("haste"));
    await warmed;
    return new Response(null, { status: 204 });
  }
  throw new Refusal("not_found", "no such resource", 404);
}

export default {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    try {
      return await route(request, env, ctx);
    } catch (error) {
      if (error instanceof Refusal) return error.response();
      throw error;
    }
  },
};
