/** Modules that vite.config.ts makes. */
declare module 'virtual:ruff-wasm' {
  const url: string;
  export default url;
}
