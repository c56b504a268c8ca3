/**
 * What an isolate may reach over the network. Today nothing: `null` blocks fetch, connect, sockets and DNS below everything a program can do.
 * A gateway comes here: `ctx.exports.Gateway({ props: policyOf(run) })` returned instead of null for the runs whose tier has egress.
 */
import type { Run } from "./wire.js";

export function outboundOf(_run: Run): Fetcher | null {
  return null;
}
