/** How the gateway tells a program that a request was not made: a header no server can set, and a reason. Types and names only. */

export const REASON_HEADER = "x-collab-egress";

/**
 * network_denied   may never be reached from here
 * network_limit    the run has used up an allowance
 * network_failed   nobody answered, or the answer broke off
 */
export type ReasonCode = "network_denied" | "network_limit" | "network_failed";
export interface Reason {
  code: ReasonCode;
  host: string;
  why: string;
}

export const sentence = ({ code, host, why }: Reason): string => `${code}: ${host} ${code === "network_failed" ? "did not answer" : "is not reachable"}: ${why}`;
