/** Gives an isolate its `globalOutbound`: the gateway under the run's rules, or nothing at all. The rules are policy.ts's, the judging gateway.ts's. */
import type { Run } from "../wire.js";
import { admit, dismiss, type Props } from "./gateway.js";
import { policyOf } from "./policy.js";

/** What the Worker's context has for it: its own entrypoints, to be called with properties of our choice. */
export interface Exports {
  Gateway(options: { props: Props }): Fetcher;
}

/** The way out of an isolate that is loaded before its run is known: shut until a run is let through. */
export interface Door {
  outbound: Fetcher;
  open(run: Run): void;
}

export function makeDoor(exports: Exports): Door {
  const ticket = crypto.randomUUID();
  return {
    outbound: exports.Gateway({ props: { ticket } }),
    open(run) {
      const policy = policyOf(run, Date.now());
      if (policy !== null) admit(ticket, policy);
    },
  };
}

export function outboundOf(run: Run, exports: Exports): { outbound: Fetcher | null; close(): void } {
  const policy = policyOf(run, Date.now());
  if (policy === null) return { outbound: null, close: () => undefined };
  const ticket = crypto.randomUUID();
  return { outbound: exports.Gateway({ props: { ticket, policy } }), close: () => dismiss(ticket) };
}
