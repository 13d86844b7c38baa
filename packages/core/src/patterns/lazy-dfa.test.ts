import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LazyDfa } from './lazy-dfa.ts';
import { makeNfa, type Nfa } from './nfa.ts';
import { parsePattern } from './parse-pattern.ts';

function nfaOf(source: string, flags = ''): Nfa {
  const parsed = parsePattern(source, flags);
  assert.ok('tree' in parsed);
  return makeNfa(parsed.tree)!;
}

/** Letters a and b in an order that does not repeat soon (a linear feedback shift register, x^16+x^14+x^13+x^11+1). */
function lettersOf(length: number): string {
  let register = 0xace1;
  let text = '';
  for (let i = 0; i < length; i++) {
    const bit = (register ^ (register >> 2) ^ (register >> 3) ^ (register >> 5)) & 1;
    register = (register >> 1) | (bit << 15);
    text += bit === 1 ? 'a' : 'b';
  }
  return text;
}

/** 2^15 states would be needed for this one. */
const MANY_STATES = 'a[ab]{14}c';

test('a unit that was met before costs one step', () => {
  const dfa = new LazyDfa(nfaOf('(x+x+)+y'));
  dfa.test('x'.repeat(1000));
  const before = dfa.steps;
  dfa.test('x'.repeat(1000));
  assert.equal(dfa.steps - before, 1000);
});

test('where the table overflows a unit costs at most the states of the automaton, and the answer is right', () => {
  const nfa = nfaOf(MANY_STATES);
  const dfa = new LazyDfa(nfa);
  const text = lettersOf(50_000);
  assert.equal(dfa.test(text), false);
  const most = nfa.operations.length * 2;
  assert.ok(dfa.steps > text.length * 4, 'the table never overflowed, so this shows nothing');
  assert.ok(dfa.steps <= text.length * most, `${dfa.steps / text.length} steps a unit`);
  const end = text.lastIndexOf('a', text.length - 15) + 15;
  assert.equal(dfa.test(`${text.slice(0, end)}c`), true);
  const noEnd = text.lastIndexOf('b', text.length - 15) + 15;
  assert.equal(dfa.test(`${text.slice(0, noEnd)}c`), false);
});

test('an anchored pattern ends at the first unit that cannot be', () => {
  const dfa = new LazyDfa(nfaOf('^GET /.*admin'));
  dfa.test(`POST ${'x'.repeat(10_000)}`);
  assert.ok(dfa.steps < 20);
});

test('a search ends at the first match', () => {
  const dfa = new LazyDfa(nfaOf('ab+'));
  assert.equal(dfa.test(`ab${'b'.repeat(10_000)}`), true);
  assert.ok(dfa.steps < 20);
});

for (const rowsMax of [1, 2, 3, 7])
  test(`with a table of ${rowsMax} states the answers are the same`, () => {
    const patterns = ['a[ab]{3}c', '\\bab*$', '(?:ab|ba)+\\B', '^a.*b$', 'c|^$', '[^a]b\\b'];
    const texts = Array.from({ length: 300 }, (_, i) =>
      [...lettersOf(i + 40).slice(-(i % 23))].map((c, at) => (at % 7 === i % 5 ? 'c' : c)).join(''),
    ).flatMap((text) => [text, `${text} ab`, `${text}\n`]);
    for (const source of patterns) {
      const dfa = new LazyDfa(nfaOf(source, 'm'), rowsMax);
      const theirs = new RegExp(source, 'm');
      for (const text of texts)
        assert.equal(dfa.test(text), theirs.test(text), JSON.stringify({ source, text }));
    }
  });
