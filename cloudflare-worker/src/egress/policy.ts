/**
 * Whether a run has a way out, and under which rules; the Worker opens the gateway by it and isolates explain themselves with it.
 * It looks at no address: see address.ts.
 */
import type { Run } from "../wire.js";

/** The rules of one run, as the gateway gets them. */
export interface Policy {
  schemes: string[];
  /** Host patterns; null allows every public host. */
  allow: string[] | null;
  deny: string[];
  /** When the run is over at the latest, in ms since 1970. */
  until: number;
}

type Asked = Pick<Run, "allowedModules" | "egress" | "tier" | "tierOfModule" | "timeoutMs">;

const plain = (name: string): string => name.replace(/^node:/, "");

/** Why this run has no network, or null when it has. */
export function closed(run: Asked): string | null {
  if (schemesOf(run).length === 0) {
    const other = run.tierOfModule.http ?? run.tierOfModule.https;
    return other !== undefined && other !== run.tier ? `tier "${run.tier}" has no network; tier "${other}" allows it` : "neither http nor https is among this run's allowed modules";
  }
  return run.egress === undefined ? "the network is switched off on this server" : null;
}

function schemesOf(run: Asked): string[] {
  const allowed = run.allowedModules.map(plain);
  return ["http", "https"].filter((scheme) => allowed.includes("*") || allowed.includes(scheme));
}

export function policyOf(run: Asked, now: number): Policy | null {
  if (closed(run) !== null || run.egress === undefined) return null;
  return { schemes: schemesOf(run), allow: run.egress.allow ?? null, deny: run.egress.deny, until: now + run.timeoutMs };
}
