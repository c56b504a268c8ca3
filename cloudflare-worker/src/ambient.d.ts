/** Modules that only the build knows. */
declare module "isolate:*" {
  const source: string;
  export default source;
}
declare module "collab-program.json" {
  const sheet: unknown;
  export default sheet;
}
/** V8's own. */
interface ErrorConstructor {
  captureStackTrace(target: object, above?: unknown): void;
}
