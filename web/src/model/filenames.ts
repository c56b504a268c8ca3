/** Which file names a session takes: relative POSIX paths without surprises. The server checks again. */

const NAME_CHARS_MAX = 255;
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
// Controls, and the invisible marks that turn the reading direction or hide.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** Why `name` cannot be a file's name here, as a sentence for people; null when it can. */
export function nameProblem(name: string, taken: Iterable<string>): string | null {
  if (name === '') return 'Give the file a name.';
  if (name.length > NAME_CHARS_MAX) return `A name has at most ${NAME_CHARS_MAX} characters.`;
  if (HIDDEN.test(name)) return 'The name contains invisible characters.';
  if (name.includes('\\')) return 'Use / to put a file in a folder.';
  const parts = name.split('/');
  if (parts[0] === '') return 'A name is relative: it does not begin with “/”.';
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'Parts of a path cannot be empty, “.” or “..”.';
  if (parts.some((part) => part !== part.trim())) return 'Parts of a path cannot begin or end with a space.';
  if (parts.some((part) => RESERVED.has(part))) return 'That name is reserved.';
  for (const other of taken) if (other === name) return 'A file with this name is already here.';
  return null;
}

/** Hidden or direction-turning characters made visible, for names that did not come through `nameProblem`. */
export function shownName(name: string): string {
  return name.replace(new RegExp(HIDDEN, 'g'), (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
