import { expect, it } from 'vitest';
import { snippet, wishOf } from '../src/embed/wish';

it('a frame gets its right from behind the #, and its looks from before it', () => {
  expect(wishOf('?theme=dark&file=lib/a.py&link=not_here', '#link=ln_a-b')).toEqual({ link: 'ln_a-b', token: null, theme: 'dark', file: 'lib/a.py' });
  expect(wishOf('?theme=pink', '#token=ck_x')).toEqual({ link: null, token: 'ck_x', theme: null, file: null });
  expect(wishOf('', '')).toEqual({ link: null, token: null, theme: null, file: null });
});

it('the snippet is one element, whatever the session is called', () => {
  const text = snippet('https://code.example.com', 'a/b', 'ln_1', '"><script>alert(1)</script>');
  expect(text).toContain('src="https://code.example.com/embed/a%2Fb#link=ln_1"');
  expect(text).not.toContain('<script');
  expect(text.match(/"/g)).toHaveLength(14);
});
