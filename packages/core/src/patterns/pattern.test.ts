import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, isProblem, type Pattern } from './pattern.ts';

function patternOf(source: string, flags = ''): Pattern {
  const made = compilePattern(source, flags);
  assert.ok(!isProblem(made));
  return made;
}

function charged(pattern: Pattern, text: string): number {
  let steps = 0;
  pattern.test(text, (more) => (steps += more));
  return steps;
}

const LARGE = 'a[ab]{900}c|x';
/** As lists of words in rules. */
const LARGE_WORDS = Array.from({ length: 60 }, (_, i) => `w${i * 7919}x${i}`).join('|');

test('the same test is charged the same, whatever was asked before', () => {
  const pattern = patternOf(LARGE);
  const text = 'abbabaaab'.repeat(3_000);
  const first = charged(pattern, text);
  assert.ok(first > 1_000);
  for (let i = 0; i < 500; i++) pattern.test('ab'.repeat(i) + i);
  assert.equal(charged(pattern, text), first);
  assert.equal(charged(patternOf(LARGE), text), first);
});

test('a test is charged before it is done, and ends where it cannot pay', () => {
  const pattern = patternOf(LARGE);
  let left = 1_000;
  const pay = (steps: number): void => {
    left -= steps;
    if (left < 0) throw new RangeError('spent');
  };
  assert.throws(() => pattern.test('a'.repeat(1_000_000), pay), /spent/);
  assert.ok(left > -1_000);
  // What was left behind does no harm.
  assert.equal(pattern.test(`${'a'.repeat(901)}c`), true);
  assert.equal(pattern.test(`${'a'.repeat(900)}c`), false);
});

test('what ends early is charged little', () => {
  assert.ok(charged(patternOf(`^(?:${LARGE})`), `b${'-'.repeat(100_000)}`) < 1_000);
  assert.ok(charged(patternOf(LARGE), `x${'-'.repeat(100_000)}`) < 1_000);
});

test('a lasting pattern whose table holds all texts is charged nothing: reading is the caller’s', () => {
  for (const source of ['(?:foo|bar).*baz|q', '\\+.*'.repeat(13), LARGE_WORDS]) {
    const pattern = patternOf(source);
    const text = 'foo+ \n'.repeat(50_000);
    assert.ok(charged(pattern, text) > 1_000, source);
    pattern.test(text, () => assert.fail(source), true);
  }
});

test('a small pattern whose table overflows is charged, lasting or not', () => {
  const pattern = patternOf('a[ab]{14}c|x');
  for (const isLasting of [true, false]) {
    let steps = 0;
    pattern.test('abbab'.repeat(100_000), (more) => (steps += more), isLasting);
    assert.ok(steps > 30_000);
  }
});

for (const [source, text] of [
  ['ab', 'xxab'],
  ['\\bab', 'xx ab'],
  ['\\bab', 'xxab'],
  ['^ab', 'xab'],
  ['ab+$', 'ab xab'],
  ['\\Bab\\b', 'ab xab'],
] as const)
  test(`/${source}/ on a long text that ends with "${text}" is answered as V8 does`, () => {
    const long = '-'.repeat(200_000) + text;
    assert.equal(patternOf(source).test(long), new RegExp(source).test(long));
  });
