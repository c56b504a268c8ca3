/** The modules that the build puts beside this one in the isolate; their types only. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.zip" {
  const data: ArrayBuffer;
  export default data;
}
declare module "*.bin" {
  const data: ArrayBuffer;
  export default data;
}
declare module "*/pyodide.asm.mjs" {
  // biome-ignore lint/suspicious/noExplicitAny: Pyodide's internals have no types
  const create: (settings: any) => Promise<any>;
  export default create;
}
declare module "*/facts.js" {
  export const buildId: string;
  /** Names the memory image together with everything that it was made from. */
  export const imageId: string;
  export const lockInfo: Record<string, string>;
  export const pyVersion: [number, number, number];
}
declare module "*/prebuilt.js" {
  export const trampoline: WebAssembly.Module;
  export const jsverror: WebAssembly.Module;
  export const signatures: Record<string, WebAssembly.Module>;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
