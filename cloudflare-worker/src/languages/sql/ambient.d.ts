declare module "sql.js/dist/sql-wasm-browser.js" {
  const initialize: (config: unknown) => Promise<unknown>;
  export default initialize;
}
