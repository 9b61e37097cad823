import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { done, PatternIndex } from './pattern-index.js';
import { PatternScanner } from './pattern-scanner.js';
import { REDACTED, RedactedText } from './redacted-text.js';

/** Forms themselves, so that a test says how long each of them is. */
const indexOf = (forms: readonly string[]): PatternIndex =>
  done(PatternIndex.of(forms.map((form) => Buffer.from(form, 'latin1'))));

function shown(index: PatternIndex, chunks: readonly string[]): string {
  const text = new RedactedText(index);
  const parts = chunks.map((chunk) => text.next(Buffer.from(chunk, 'latin1')));
  return Buffer.concat([...parts, text.last(Buffer.alloc(0))]).toString('latin1');
}

const hide = (forms: readonly string[], ...chunks: string[]): string => shown(indexOf(forms), chunks);

/** By lengths that are taken in turn. */
function cut(text: string, lengths: readonly number[]): string[] {
  const chunks: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    chunks.push(text.slice(at, at + length));
    at += length;
  }
  return chunks;
}

/** Every position in every place where one of some texts stands. */
function placesOf(texts: Iterable<string>, text: string): Set<number> {
  const places = new Set<number>();
  for (const one of texts) {
    for (let at = text.indexOf(one); at !== -1; at = text.indexOf(one, at + 1)) {
      for (let offset = 0; offset < one.length; offset += 1) places.add(at + offset);
    }
  }
  return places;
}

function masked(text: string, places: ReadonlySet<number>): string {
  const marked = Array.from(text, (letter, at) => (places.has(at) ? '*' : letter)).join('');
  return marked.replaceAll(/\*+/g, REDACTED);
}

/** What is hidden, by position. */
function hiddenOf(index: PatternIndex, text: string): Set<number> {
  const places = new Set<number>();
  const scanner = new PatternScanner(index, (start, end) => {
    for (let at = start; at < end; at += 1) places.add(at);
  });
  scanner.scan(Buffer.from(text, 'latin1'), 0, 0);
  return places;
}

/** The same for each length, and no part of it twice. */
function unlike(length: number): string {
  let text = '';
  for (let at = 0; text.length < length; at += 1) text += createHash('sha256').update(`${at}`).digest('hex');
  return text.slice(0, length);
}

describe('a text without its secrets', () => {
  it('is the same for every order of the forms, adjacent and overlapping ones being one', () => {
    for (const forms of [
      ['first!', 'second'],
      ['second', 'first!'],
    ]) {
      expect(hide(forms, 'a first! and a second one')).toBe('a *** and a *** one');
      expect(hide(forms, 'first!second first!first!')).toBe('*** ***');
    }
    expect(hide(['abcdef', 'bcdefg'], 'abcdefg')).toBe('***');
    expect(hide(['bcdefg', 'abcdef'], '-abcdefg-')).toBe('-***-');
    expect(hide(['abcdef', 'abcdefghij'], 'xabcdefghijx')).toBe('x***x');
    expect(hide([], 'as it is')).toBe('as it is');
  });

  it('lacks all of a longer form that begins or ends with a shorter one, however they are cut', () => {
    const forms = ['secret', 'secret-of-alice', 'my own secret'];
    for (let at = 0; at <= 24; at += 1) {
      const text = '<secret-of-alice> my own ';
      expect(hide(forms, text.slice(0, at), text.slice(at)), `cut at ${at}`).toBe('<***> my own ');
      expect(hide(forms, 'my o', `wn secret${text.slice(0, at)}`, text.slice(at)), `cut at ${at}`).toBe(
        '***<***> my own ',
      );
    }
  });

  it('keeps a mark of what is hidden inside of what is not known yet', () => {
    expect(hide(['a secret inside', 'secret'], 'so a secret', ' outside')).toBe('so a *** outside');
    expect(hide(['a secret inside', 'secret'], 'so a secret', ' inside')).toBe('so ***');
    expect(hide(['a secret inside', 'secret'], 'so a secret')).toBe('so a ***');
  });

  it.each([32, 33, 47, 48, 49, 64, 65, 255, 256, 257, 300])('lacks a form of %i bytes, and nothing else', (length) => {
    const form = unlike(length);
    const index = indexOf([form]);
    for (const lengths of [[1], [7], [31], [32], [33], [100, 1], [1000]]) {
      expect(shown(index, cut(`<${form}>${form}${form}`, lengths)), `by ${lengths.join()}`).toBe('<***>***');
      // Only up to its last byte is it another.
      const other = `<${form.slice(0, -1)}!>`;
      const rest = length > 256 ? `<***${form.slice(272 + 16 * Math.floor((length - 1 - 272) / 16), -1)}!>` : other;
      expect(shown(index, cut(other, lengths)), `by ${lengths.join()}`).toBe(rest);
      expect(shown(index, cut(`<${form.slice(1)}>`, lengths)), `by ${lengths.join()}`).toBe(`<${form.slice(1)}>`);
    }
  });

  it('lacks what is longer than 256 bytes from then on, wherever it is cut off, but for its last 15 bytes', () => {
    const form = unlike(1000);
    const index = indexOf([form]);
    for (const length of [255, 256, 257, 271, 272, 287, 300, 999]) {
      const hidden = length < 256 ? 0 : length - (length % 16);
      const rest = form.slice(hidden, length);
      for (const lengths of [[1], [13], [64], [5000]]) {
        const text = shown(index, cut(`<${form.slice(0, length)}`, lengths));
        expect(text, `${length} bytes by ${lengths.join()}`).toBe(`<${hidden === 0 ? '' : REDACTED}${rest}`);
      }
    }
  });

  it('lacks a long form that differs from another one late', () => {
    const [one, two] = [`${unlike(50)}${'b'.repeat(50)}`, `${unlike(50)}${'c'.repeat(50)}`];
    expect(hide([one, two], `x${two.slice(0, 39)}`, two.slice(39, 59), `${two.slice(59)}y`)).toBe('x***y');
    expect(hide([one, two], `x${unlike(50)}y`)).toBe(`x${unlike(50)}y`);
  });

  it('lacks each of several forms that begin in the same way, or in one another', () => {
    const long = unlike(100);
    const lengths = [37, 40, 41, 45];
    for (const length of lengths) {
      const forms = lengths.map((one) => long.slice(0, one));
      expect(hide(forms, `<${long.slice(0, length)}>`), `${length} bytes`).toBe('<***>');
    }
    // Both end in the same place.
    expect(hide([long.slice(0, 40), long.slice(5, 40)], `<${long.slice(0, 40)}>`)).toBe('<***>');
    // The one that begins later ends first.
    expect(hide([long, long.slice(4, 38)], `<${long.slice(0, 38)}>`)).toBe(`<${long.slice(0, 4)}***>`);
    // Another begins where the first would go on.
    const other = `${long.slice(16, 32)}${'z'.repeat(40)}`;
    expect(hide([long, other], `<${long.slice(0, 16)}${other}>`)).toBe(`<${long.slice(0, 16)}***>`);
  });

  it('comes at once, but for what may belong to a secret', () => {
    const text = new RedactedText(indexOf([unlike(300), 'sec-other']));
    const next = (chunk: string): string => text.next(Buffer.from(chunk, 'latin1')).toString('latin1');
    expect(next('compiling')).toBe('compiling');
    expect(next('my sec')).toBe('my ');
    expect(next('-other day')).toBe('*** day');
    expect(next(`-${unlike(31)}`)).toBe('-');
    expect(next(unlike(255).slice(31))).toBe('');
    expect(next(unlike(256).slice(255))).toBe('***');
    expect(next(unlike(270).slice(256))).toBe('');
    expect(next('!')).toBe('');
    expect(next('!')).toBe(`${unlike(270).slice(256)}!!`);
    expect(text.last(Buffer.from('sec')).toString()).toBe('sec');
  });

  it('does not take a later piece of a form for the form', () => {
    const form = unlike(200);
    for (const start of [1, 16, 32, 48]) expect(hide([form], form.slice(start))).toBe(form.slice(start));
    // Nor where a piece is the last of one form and the first of another.
    const forms = [form.slice(0, 64), form.slice(32, 150)];
    expect(hide(forms, `<${form.slice(32, 64)}>`)).toBe(`<${form.slice(32, 64)}>`);
    expect(hide(forms, `<${form.slice(0, 150)}>`)).toBe('<***>');
  });
});

it('forms are prepared in turns, also a long one, between which others can work', () => {
  const turns = (forms: readonly string[]): number => {
    const preparing = PatternIndex.of(forms.map((form) => Buffer.from(form)));
    for (let count = 0; ; count += 1) {
      const turn = preparing.next();
      if (turn.done === true) return count + [...turn.value.prepareForChunks()].length;
    }
  };
  expect(turns([])).toBe(0);
  expect(turns(['first', 'second', 'third'])).toBe(6);
  expect(turns([unlike(32 + 16 * 255)])).toBe(2);
  expect(turns([unlike(32 + 16 * 600)])).toBe(4);
});

describe('in texts of two letters', () => {
  const word = (most: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: most });
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

  it('short forms are hidden wherever they are, overlapping, nested and adjacent, and nothing else is', () => {
    const forms = fc.array(
      word(32).filter(({ length }) => length >= 2),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(forms, word(300), lengths, (some, text, by) => {
        const index = indexOf(some);
        expect(shown(index, cut(text, by))).toBe(masked(text, placesOf(some, text)));
      }),
      { numRuns: 100 },
    );
  });

  it('long forms, too, with periods and without, and nothing that is no piece of a form', () => {
    const periodic = fc
      .tuple(word(20), fc.integer({ min: 1, max: 30 }), word(3))
      .map(([unit, times, end]) => `${unit.repeat(times)}${end}`);
    const form = fc.oneof(word(150), periodic).filter(({ length }) => length >= 2);
    const part = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 40 }), fc.nat({ max: 40 }), word(3));
    fc.assert(
      fc.property(
        fc.array(form, { minLength: 1, maxLength: 4 }),
        fc.array(part, { maxLength: 6 }),
        lengths,
        (forms, parts, by) => {
          const whole = parts.map(([which, from, short, between]) => {
            const one = forms[which % forms.length] ?? '';
            return `${one.slice(from % 3 === 0 ? 0 : from, short % 3 === 0 ? undefined : -short)}${between}`;
          });
          const text = whole.join('');
          const index = indexOf(forms);
          const hidden = hiddenOf(index, text);
          expect(shown(index, cut(text, by))).toBe(masked(text, hidden));
          for (const place of placesOf(forms, text)) expect(hidden).toContain(place);
          const pieces = new Set(forms.flatMap((one) => windowsOf(one)));
          const allowed = placesOf(pieces, text);
          for (const place of hidden) expect(allowed).toContain(place);
        },
      ),
      { numRuns: 100 },
    );
  });
});

function windowsOf(form: string): string[] {
  if (form.length <= 32) return [form];
  return Array.from({ length: form.length - 31 }, (_, at) => form.slice(at, at + 32));
}
