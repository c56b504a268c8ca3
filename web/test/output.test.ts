import { describe, expect, it } from 'vitest';
import { Ansi } from '../src/model/ansi';
import { OUTPUT_CHARS_MAX, OUTPUT_LINES_MAX, Output } from '../src/model/output';

const ESC = '\u001b';

describe('terminal colours', () => {
  it('become styles, and reset goes back to none', () => {
    const pieces = new Ansi().parse(`${ESC}[1;31mred${ESC}[0m plain`);
    expect(pieces).toEqual([
      { text: 'red', style: { bold: true, fg: '1' } },
      { text: ' plain', style: null },
    ]);
  });

  it('take 256 colours and true colours, clamped', () => {
    const [cube, exact] = new Ansi().parse(`${ESC}[38;5;196ma${ESC}[48;2;1;999;3mb`);
    expect(cube).toMatchObject({ style: { fg: 'rgb(255,0,0)' } });
    expect(exact).toMatchObject({ style: { bg: 'rgb(1,255,3)' } });
  });

  it('survive a cut in the middle of a sequence', () => {
    const ansi = new Ansi();
    expect(ansi.parse(`a${ESC}[3`)).toEqual([{ text: 'a', style: null }]);
    expect(ansi.parse('2mb')).toEqual([{ text: 'b', style: { fg: '2' } }]);
  });

  it('drop titles, links, cursor moves and controls', () => {
    const text = `${ESC}]0;evil\u0007x${ESC}[2J${ESC}[1;1Hy\u0000\u0007z${ESC}]8;;http://h${ESC}\\link`;
    const pieces = new Ansi().parse(text);
    expect(pieces.map((piece) => (piece === 'return' ? '' : piece.text)).join('')).toBe('xyzlink');
  });

  it('keep an endless unfinished sequence from eating memory', () => {
    const ansi = new Ansi();
    ansi.parse(`${ESC}]${'x'.repeat(1000)}`);
    expect(ansi.parse('y')).toEqual([{ text: 'y', style: null }]);
  });
});

describe('the output of a run', () => {
  it('keeps text as it came, by kind', () => {
    const output = new Output();
    output.write('one\n', 'log');
    output.write('two\n', 'error');
    output.write('<b>three</b>', 'log');
    expect(output.text()).toBe('one\ntwo\n<b>three</b>');
    expect(output.chunks[0]?.blocks.map((block) => block.kind)).toEqual(['log', 'error', 'log']);
  });

  it('keeps an answer on the line of its prompt', () => {
    const output = new Output();
    output.write('name? ', 'log');
    output.write('Ada\n', 'input');
    expect(output.chunks[0]?.blocks).toHaveLength(1);
  });

  it('starts the line again at a carriage return', () => {
    const output = new Output();
    for (const percent of ['10 %', '50 %', '100 %']) output.write(`\r${percent}`, 'log');
    output.write('\r\ndone\n', 'log');
    expect(output.text()).toBe('100 %\ndone\n');
    expect(output.lines).toBe(2);
  });

  it('leaves finished chunks alone, so that only the last is drawn again', () => {
    const output = new Output();
    for (let i = 0; i < 1000; i++) output.write(`${i}\n`, 'log');
    const before = output.chunks.map((chunk) => chunk.revision);
    output.write('more\n', 'log');
    expect(output.chunks.slice(0, before.length - 1).map((chunk) => chunk.revision)).toEqual(before.slice(0, -1));
  });

  it('is bounded in lines and characters, and counts what it dropped', () => {
    const output = new Output();
    output.write('x\n'.repeat(OUTPUT_LINES_MAX + 5000), 'log');
    expect(output.lines).toBeLessThanOrEqual(OUTPUT_LINES_MAX);
    expect(output.lines + output.droppedLines).toBe(OUTPUT_LINES_MAX + 5000);
    const long = new Output();
    long.write('y'.repeat(OUTPUT_CHARS_MAX * 2), 'log');
    expect(long.chars).toBeLessThanOrEqual(OUTPUT_CHARS_MAX);
  });
});
