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

test('the same test is charged the same, whatever was asked before', () => {
  for (const source of ['(a+)+b|c', 'abc', 'a[ab]{14}c|x', 'a+b']) {
    const pattern = patternOf(source);
    const text = 'abbabaaab'.repeat(3_000);
    const first = charged(pattern, text);
    for (let i = 0; i < 500; i++) pattern.test('ab'.repeat(i) + i);
    assert.equal(charged(pattern, text), first, source);
    assert.equal(charged(patternOf(source), text), first, source);
  }
});

test('a test is charged before it is done, and ends where it cannot pay', () => {
  const pattern = patternOf('(a+)+b|c');
  let left = 100;
  const pay = (steps: number): void => {
    left -= steps;
    if (left < 0) throw new RangeError('spent');
  };
  assert.throws(() => pattern.test('a'.repeat(1_000_000), pay), /spent/);
  assert.ok(left > -1_000);
  // What was left behind does no harm.
  assert.equal(pattern.test('aab'), true);
  assert.equal(pattern.test('aa'), false);
});

test('what ends early is charged little', () => {
  assert.ok(charged(patternOf('^(?:a|b)+c|^x.*y.*z'), '-'.repeat(100_000)) < 600);
  assert.ok(charged(patternOf('(?:ab)*c.*d|c'), `abc${'x'.repeat(100_000)}`) < 600);
});

test('a pattern of more states costs more for each unit', () => {
  const text = 'ab'.repeat(10_000);
  assert.ok(
    charged(patternOf('a[ab]{900}c|x'), text) > 5 * charged(patternOf('a[ab]{9}c|x'), text),
  );
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
