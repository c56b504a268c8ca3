/** Where Ruff runs, away from the page: only this script's response allows WebAssembly. */
import init, { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-web';
import packed from 'virtual:ruff-wasm';

async function unpacked(): Promise<ArrayBuffer> {
  const response = await fetch(packed);
  if (!response.ok || response.body === null) throw new Error('The formatter for Python could not be loaded');
  return new Response(response.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

const ready = unpacked()
  .then((bytes) => init({ module_or_path: bytes }))
  .then(() => new Workspace({ 'target-version': 'py313' }, PositionEncoding.Utf16));

onmessage = async ({ data: { id, text } }: MessageEvent<{ id: number; text: string }>) => {
  try {
    postMessage({ id, text: (await ready).format(text) });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};
