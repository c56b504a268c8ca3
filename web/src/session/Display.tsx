/**
 * Rich output of a program: pictures as pictures, HTML in a frame with an opaque origin that can reach nothing of ours.
 * The richest kind that is known wins; everything else is shown as text.
 */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { embeddedIdOf } from '../router';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

export function Display({ mime }: { mime: Record<string, unknown> }): JSX.Element {
  const html = mime['text/html'];
  if (typeof html === 'string') return <Preview html={html} />;
  const svg = mime['image/svg+xml'];
  // Inside an <img> an SVG runs no scripts and loads nothing.
  if (typeof svg === 'string') return <Picture source={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`} alt={altOf(mime)} />;
  for (const kind of PICTURES) {
    const data = mime[kind];
    if (typeof data === 'string' && BASE64.test(data)) return <Picture source={`data:${kind};base64,${data}`} alt={altOf(mime)} />;
  }
  return <pre class="display-text">{plain(mime)}</pre>;
}

function Picture({ source, alt }: { source: string; alt: string }): JSX.Element {
  return <figure class="display"><img src={source} alt={alt} /></figure>;
}

/** The frame's page takes the HTML once and runs it under a policy of its own; nothing here listens to what it says. */
function Preview({ html }: { html: string }): JSX.Element {
  const sent = useRef(false); // a frame that goes elsewhere loads again, and gets nothing
  return (
    <iframe
      class="display-frame" title="HTML output" data-testid="preview" sandbox="allow-scripts" src={embeddedIdOf(location.pathname) === null ? '/preview' : '/preview/embedded'} referrerpolicy="no-referrer"
      onLoad={(event) => {
        if (sent.current) return;
        sent.current = true;
        event.currentTarget.contentWindow?.postMessage(html, '*'); // an opaque origin has no other name
      }}
    />
  );
}

function altOf(mime: Record<string, unknown>): string {
  const text = mime['text/plain'];
  return typeof text === 'string' && text !== '' ? text.slice(0, 200) : 'Picture made by the program';
}

function plain(mime: Record<string, unknown>): string {
  const value = mime['text/plain'] ?? mime['application/json'] ?? Object.values(mime)[0];
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
}
