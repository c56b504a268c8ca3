/** What a person pastes to sign in. */

/** The token in what was pasted: a login URL, `token=…`, or the token itself. */
export function tokenOf(pasted: string): string {
  const trimmed = pasted.trim();
  const match = /[?&#]token=([^&#\s]+)/.exec(trimmed);
  if (match?.[1] === undefined) return trimmed;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}
