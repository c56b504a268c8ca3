import { expect, it } from 'vitest';
import { tokenOf } from '../src/home/token';
import { newSession, TEMPLATES } from '../src/model/templates';
import { languageOfName } from '../src/model/languages';
import { nameProblem } from '../src/model/filenames';
import { color, textOn } from '../src/model/colors';
import { ago, bytes, duration, money } from '../src/ui/format';

it('a login URL, its end and a bare key are all taken as a token', () => {
  expect(tokenOf(' http://127.0.0.1:8000/login?token=cl_a%2Bb&next=/s/x ')).toBe('cl_a+b');
  expect(tokenOf('?token=cl_x')).toBe('cl_x');
  expect(tokenOf('ck_plain\n')).toBe('ck_plain');
});

it('every template is runnable, and its file says its language', () => {
  for (const template of TEMPLATES) {
    expect(nameProblem(template.file, [])).toBeNull();
    expect(languageOfName(template.file).id).toBe(template.language);
    expect(languageOfName(template.file).runs).toBe(true);
    expect(newSession(template).files).toHaveLength(1);
  }
});

it('colours from strangers are colours or nothing, and names on them can be read', () => {
  expect(color('red; background: url(//evil)', '#000000')).toBe('#000000');
  expect(color('#a1b2c3')).toBe('#a1b2c3');
  expect(textOn('#1971c2')).toBe('#ffffff');
  expect(textOn('#f08c00')).toBe('#14181f');
});

it('small amounts of money keep the digits that matter', () => {
  expect([money(0), money(0.000175), money(0.5)]).toEqual(['$0', '$0.000175', '$0.5']);
  expect([bytes(512), bytes(9.4 * 2 ** 20), duration(812), duration(5004), duration(119_900), duration(75_000)]).toEqual(['512 B', '9.4 MB', '812 ms', '5.00 s', '2 min', '1 min 15 s']);
  expect(ago(0, 7_200_000)).toBe('2 hours ago');
});
