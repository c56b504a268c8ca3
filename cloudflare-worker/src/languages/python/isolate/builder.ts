/** Used by the build alone: boots cold, compiles the standard library, preloads modules and hands out the memory snapshot.
 * Never part of what is deployed. */

import { boot } from "./boot.js";

export default {
  async fetch(request: Request): Promise<Response> {
    const python = await boot(null);
    const code = await request.text();
    const answer = python.pyodide.runPython(code);
    if (new URL(request.url).pathname === "/snapshot") return new Response(python.pyodide.makeMemorySnapshot());
    return new Response(python.module.FS.readFile(answer));
  },
};
