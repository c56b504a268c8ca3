import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
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

/** `session.html`: the same page with all that a session needs first named in its head, so that nothing waits to be discovered. */
function sessionPage(): Plugin {
  return {
    name: 'session-page',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = bundle['index.html'];
      const entry = Object.values(bundle).find((each) => each.type === 'chunk' && each.facadeModuleId?.endsWith('/session/SessionPage.tsx'));
      if (page?.type !== 'asset' || entry?.type !== 'chunk') throw new Error('the page or the session in it was not built');
      const scripts = new Set<string>();
      const styles = new Set<string>();
      const add = (name: string): void => {
        const chunk = bundle[name];
        if (chunk?.type !== 'chunk' || scripts.has(name)) return;
        scripts.add(name);
        for (const style of chunk.viteMetadata?.importedCss ?? []) styles.add(style);
        chunk.imports.forEach(add);
      };
      add(entry.fileName);
      const html = String(page.source);
      const links = [
        ...[...scripts].map((name) => `<link rel="modulepreload" crossorigin href="/${name}">`),
        ...[...styles].map((name) => `<link rel="preload" as="style" crossorigin href="/${name}">`),
      ].filter((link) => !html.includes(/"\/assets\/[^"]+"/.exec(link)?.[0] ?? ''));
      this.emitFile({ type: 'asset', fileName: 'session.html', source: html.replace('</head>', `  ${links.join('\n    ')}\n  </head>`) });
    },
  };
}

/** Every script and style once more as small as it gets, for the server to send as it is. Made of what was written, when nothing changes it any more. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir = 'dist' }, bundle) {
      for (const name of Object.keys(bundle).filter((each) => /^assets\/.*\.(js|css)$/.test(each))) {
        const source = readFileSync(join(dir, name));
        const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: source.length } };
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(source, best));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(source, { level: 9 }));
      }
    },
  };
}

/**
 * Ruff's 11 MB of WebAssembly as one packed file, `virtual:ruff-wasm`: the server would otherwise press it anew for everybody.
 * Its own way to the file is cut, so that it is not in the build twice.
 */
function ruffWasm(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: 'ruff-wasm',
    resolveId: (id) => (id === 'virtual:ruff-wasm' ? '\0ruff-wasm' : null),
    load(id) {
      if (id !== '\0ruff-wasm') return null;
      const source = gzipSync(readFileSync(resolve('@astral-sh/ruff-wasm-web/ruff_wasm_bg.wasm')), { level: 9 });
      const file = this.emitFile({ type: 'asset', name: 'ruff.wasm.gz', source });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
    transform(code, id) {
      const own = "new URL('ruff_wasm_bg.wasm', import.meta.url)";
      return id.includes('ruff_wasm.js') ? { code: code.replace(own, 'undefined'), map: null } : null;
    },
  };
}

export default defineConfig({
  plugins: [apiPage(), sessionPage(), compressed()],
  worker: { format: 'es', plugins: () => [ruffWasm()] },
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
