import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { defineConfig, type Plugin } from 'vite';

const server = process.env['COLLAB_DEV_SERVER'] ?? 'http://127.0.0.1:8000';

/** The server's API page (`/docs`) is built from these two files; they are not part of the editor. */
function apiPage(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: 'api-page',
    apply: 'build',
    generateBundle() {
      for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
        this.emitFile({ type: 'asset', fileName: `docs/${name}`, source: readFileSync(resolve(`swagger-ui-dist/${name}`)) });
      }
    },
  };
}

export default defineConfig({
  plugins: [apiPage()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api': server,
      '/login': server,
      '/preview': server,
      '/ws': { target: server, ws: true },
    },
  },
});
