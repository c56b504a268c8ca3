/** What the address of a frame asks for. What stands behind its `#` is never sent to a server. Pure. */

export interface EmbedWish {
  /** The secret of a share link, exchanged for a guest's token. */
  link: string | null;
  /** A token of one's own, for pages that sign their people in themselves. */
  token: string | null;
  theme: 'light' | 'dark' | null;
  file: string | null;
}

export function wishOf(search: string, hash: string): EmbedWish {
  const query = new URLSearchParams(search);
  const secret = new URLSearchParams(hash.replace(/^#/, ''));
  const theme = query.get('theme');
  return {
    link: secret.get('link') || null,
    token: secret.get('token') || null,
    theme: theme === 'light' || theme === 'dark' ? theme : null,
    file: query.get('file') || null,
  };
}

/** What a page takes into itself to show a session. */
export function snippet(origin: string, sessionId: string, link: string, title: string): string {
  const safe = title.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
  const address = `${origin}/embed/${encodeURIComponent(sessionId)}#link=${encodeURIComponent(link)}`;
  return `<iframe src="${address}" title="${safe}" width="100%" height="480" style="border: 0" loading="lazy" allow="clipboard-write"></iframe>`;
}
