// The cases in tests/cases/patterns are what they say: distinct, and each makes a backtracking engine's work grow faster than
// its attack string.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepCounter } from './backtracking-steps.ts';
import {
  attackOf,
  patternFiles,
  publishedPatterns,
  type PublishedPattern,
} from './published-patterns.ts';

const STEPS = 20_000;
const TEXT_MAX = 200_000;

/** By how much the work grows when the attack string is doubled, at the first length that costs STEPS. */
function growth(published: PublishedPattern): number {
  const count = stepCounter(published.pattern, published.flags);
  const steps = (pumps: number, stepsMax: number): number =>
    count(attackOf(published, pumps), stepsMax).steps;
  for (let pumps = 4; pumps * published.pump.length < TEXT_MAX; pumps *= 2) {
    if (steps(pumps, STEPS) < STEPS) continue;
    const half = steps(pumps / 2, STEPS);
    return steps(pumps, half * 4) / half;
  }
  return 0;
}

const all = patternFiles.flatMap(publishedPatterns);

test('there are at least 300 of them, no two alike, each with its source', () => {
  assert.equal(new Set(all.map(({ pattern }) => pattern)).size, all.length);
  assert.ok(all.length >= 300, `${all.length}`);
  for (const { source } of all) assert.match(source, /[;,] .*\S/);
});

for (const file of patternFiles)
  test(`${file}: doubling the attack string multiplies the steps by more than 2.7`, () => {
    const slow = publishedPatterns(file).filter((published) => !(growth(published) > 2.7));
    assert.deepEqual(
      slow.map(({ pattern }) => pattern),
      [],
    );
  });

test('all are regular expressions of JavaScript with the flags i, m and s', () => {
  for (const { pattern, flags } of [...all, ...publishedPatterns('refused')]) {
    assert.match(flags, /^i?m?s?$/);
    assert.doesNotThrow(() => new RegExp(pattern, flags), pattern);
  }
});

test('those that look around or refer back lie apart', () => {
  for (const { pattern, flags } of publishedPatterns('refused'))
    assert.throws(() => stepCounter(pattern, flags), /not counted/, pattern);
});

test('the yardstick itself: linear work is not called more', () => {
  const one = {
    source: '',
    flags: '',
    prefix: '',
    pump: 'a',
    suffix: '!',
    attack: 'derived',
  } as const;
  for (const pattern of ['^a+$', '^(?:ab?)*$', '^[^b]*b', '^(a|b)*$', '^a{3,}b'])
    assert.ok(growth({ ...one, pattern }) < 2.7, pattern);
  assert.ok(growth({ ...one, pattern: '^(a+)+$' }) > 2.7);
});

test('the yardstick matches what V8 matches', () => {
  const patterns = [
    'a|b',
    '(?:a|ab)(?:c|bcd)(?:d*)',
    '^x*?y{2,3}$',
    '[^\\]a-c]+\\b',
    '\\Bz',
    '(a?)*?$b',
  ];
  patterns.push('(?:a*?)*b', '\\x41{2}', 'a{,2}', 'x{2}?y', '(?<n>a)+b', '.{3,}$');
  const alphabet = 'abcdxyzA,{}2 ]\n';
  let seed = 1;
  const below = (bound: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % bound;
  };
  for (const pattern of patterns) {
    const count = stepCounter(pattern, '');
    for (let i = 0; i < 500; i++) {
      const text = Array.from({ length: below(12) }, () => alphabet[below(alphabet.length)]).join(
        '',
      );
      assert.equal(
        count(text, STEPS).isMatch,
        new RegExp(pattern).test(text),
        `${pattern} ${text}`,
      );
    }
  }
});
