/** What the shell uses of the runtime's Node modules. */
declare module "node:crypto" {
  export function createHash(algorithm: string): { update(bytes: Uint8Array): { digest(encoding: "hex"): string } };
}
declare module "node:zlib" {
  export function gzipSync(bytes: Uint8Array, options: { level: number }): Uint8Array;
  export function gunzipSync(bytes: Uint8Array): Uint8Array;
}
