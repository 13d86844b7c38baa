// Our engine beside V8's and beside re2js: all give the same answer on random patterns and texts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from 're2js';
import { compilePattern, isProblem } from '../../packages/core/src/patterns/pattern.ts';
import { Random } from '../engine/random.ts';
import { asRe2, javascript, RandomPatterns } from './random-pattern.ts';

const PATTERNS = 6000;
const TEXTS = 6;

function regexOf(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

/** What is refused although V8 takes it. */
const REFUSED =
  /^it (looks ahead or behind|refers back to a group|has more than|repeats more than)/;

for (const [extent, seed] of [
  ['anywhere', 1],
  ['whole', 2],
] as const)
  test(`a match ${extent === 'whole' ? 'of the whole text' : 'anywhere'} is found where V8 finds it`, () => {
    const made = new RandomPatterns(new Random(seed), javascript);
    let asked = 0;
    let found = 0;
    for (let i = 0; i < PATTERNS; i++) {
      const [source, flags] = [made.pattern(), made.flags()];
      const theirs = regexOf(extent === 'whole' ? `^(?:${source})$` : source, flags);
      const ours = compilePattern(source, flags, extent);
      if (isProblem(ours)) {
        assert.ok(theirs === null || REFUSED.test(ours.reason), `${source}: ${ours.reason}`);
        continue;
      }
      assert.ok(theirs !== null, `V8 refuses ${source}`);
      for (let j = 0; j < TEXTS; j++) {
        const text = made.text();
        const isFound: boolean = theirs.test(text);
        assert.equal(ours.test(text), isFound, JSON.stringify({ source, flags, text }));
        asked++;
        if (isFound) found++;
      }
    }
    assert.ok(asked > PATTERNS * TEXTS * 0.7);
    assert.ok(found > asked * 0.03 && found < asked * 0.9);
  });

test('signs in any order are taken where V8 takes them, and mean the same', () => {
  const random = new Random(4);
  const signs = [
    ...'()[]{}?*+|\\\\\\^$.-,:=!<>abkBdDwcuxpn0123789',
    '(?',
    '(?:',
    '[^',
    '{1,',
    '\\u00',
    '\n',
  ];
  const units = [...'()[]{}?*+|\\^$.-,:ab kBdwcuxn019\n\u0007'];
  const soup = (of: readonly string[], most: number): string =>
    Array.from({ length: random.between(0, most) }, () => random.of(of)).join('');
  let taken = 0;
  for (let i = 0; i < 30_000; i++) {
    const [source, flags] = [soup(signs, 9), random.of(['', 'i', 'm', 's'])];
    const theirs = regexOf(source, flags);
    const ours = compilePattern(source, flags);
    if (isProblem(ours)) {
      assert.ok(theirs === null || REFUSED.test(ours.reason), `${source}: ${ours.reason}`);
      assert.ok(ours.offset >= 0 && ours.offset <= source.length);
      continue;
    }
    assert.ok(theirs !== null, `V8 refuses ${source}`);
    // A group with flags of its own: V8 forgets them (parse-pattern.test.ts).
    if (/\(\?[ims-]/.test(source)) continue;
    taken++;
    for (let j = 0; j < 4; j++) {
      const text = soup(units, 5);
      assert.equal(ours.test(text), theirs.test(text), JSON.stringify({ source, flags, text }));
    }
  }
  assert.ok(taken > 5_000, `${taken}`);
});

test('a match is found where re2js finds it, with flags of groups too', () => {
  const made = new RandomPatterns(new Random(3), asRe2);
  const numbers = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL } as const;
  let found = 0;
  for (let i = 0; i < PATTERNS; i++) {
    const [source, flags] = [made.pattern(), made.flags()];
    const ours = compilePattern(source, flags);
    assert.ok(!isProblem(ours), source);
    const theirs = RE2JS.compile(
      source,
      [...flags].reduce((sum, flag) => sum | numbers[flag as 'i' | 'm' | 's'], 0),
    );
    for (let j = 0; j < TEXTS; j++) {
      const text = made.text();
      const isFound = theirs.matcher(text).find();
      assert.equal(ours.test(text), isFound, JSON.stringify({ source, flags, text }));
      if (isFound) found++;
    }
  }
  assert.ok(found > PATTERNS * TEXTS * 0.1 && found < PATTERNS * TEXTS * 0.9);
});

test('every code unit is of the same classes and letter case as in V8', () => {
  const sources = [
    '.',
    '\\s',
    '\\w',
    '\\d',
    '[^\\W]',
    'k',
    '\\u00b5',
    '[à-þ]',
    '[^ß-ŀ]',
    '\\u017f',
    '[^\\u212a]',
    '[Σ-ω]',
    '\\ufb05',
    '[\\u0130-\\u0131]',
    '[\\u0250-\\uffff]',
  ];
  for (const source of sources)
    for (const flags of ['', 'i', 's']) {
      const theirs = new RegExp(`^${source}$`, flags);
      const ours = compilePattern(source, flags, 'whole');
      assert.ok(!isProblem(ours));
      for (let unit = 0; unit <= 0xffff; unit++) {
        const text = String.fromCharCode(unit);
        if (ours.test(text) !== theirs.test(text))
          assert.fail(`/${source}/${flags} on U+${unit.toString(16)}`);
      }
    }
});
