import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, isProblem } from './pattern.ts';

const problemOf = (source: string, flags = ''): string => {
  const made = compilePattern(source, flags);
  return isProblem(made) ? `${made.offset}: ${made.reason}` : 'taken';
};

const LOOKS = 'it looks ahead or behind, which cannot be searched in linear time';
const REFERS = 'it refers back to a group, which cannot be searched in linear time';
const NOT_ONE = 'it is not a regular expression';

for (const [source, problem] of [
  ['a(?=b)', `1: ${LOOKS}`],
  ['a(?!b)', `1: ${LOOKS}`],
  ['(?<=b)a', `0: ${LOOKS}`],
  ['x(y(?<!b)a)', `3: ${LOOKS}`],
  ['(a)\\1', `3: ${REFERS}`],
  ['\\9', `0: ${REFERS}`],
  ['(?<n>a)\\k<n>', `7: ${REFERS}`],
  ['a{1001}', '1: it repeats more than 1000 times'],
  ['a{2,1001}', '1: it repeats more than 1000 times'],
  ['a{99999999999999999999,}', '1: it repeats more than 1000 times'],
  ['(?:a{100}){100}', '0: it has more than 5000 states, as repeats are written out'],
  [
    '(?:(?:(?:a{1000}){1000}){1000}){1000}',
    '0: it has more than 5000 states, as repeats are written out',
  ],
  ['a'.repeat(1001), '1000: the pattern has more than 1000 characters'],
  ['a)', `1: ${NOT_ONE}: Unmatched )`],
  ['b(a', `1: ${NOT_ONE}: Unterminated group`],
  ['b[a', `1: ${NOT_ONE}: Unterminated character class`],
  ['[b-a]', `2: ${NOT_ONE}: Range out of order in character class`],
  ['a{2,1}', `1: ${NOT_ONE}: numbers out of order in {} quantifier`],
  ['a**', `2: ${NOT_ONE}: Nothing to repeat`],
  ['|{2}', `1: ${NOT_ONE}: Nothing to repeat`],
  ['^*', `1: ${NOT_ONE}: Nothing to repeat`],
  ['a\\', `1: ${NOT_ONE}: \\ at end of pattern`],
  ['a(?x)', `1: ${NOT_ONE}: Invalid group`],
  ['(?>a)', `0: ${NOT_ONE}: Invalid group`],
] as const)
  test(`${source.slice(0, 40)} is refused with a reason and a place`, () =>
    assert.equal(problemOf(source), problem));

test('flags other than i, m and s are refused, and one given twice', () => {
  for (const flags of ['g', 'y', 'u', 'v', 'd', 'ii', 'imsi', ' '])
    assert.equal(problemOf('a', flags), `0: the flags "${flags}" are not taken, only i, m and s`);
});

test('names of groups follow the rules of V8', () => {
  assert.match(problemOf('(?<1>a)'), /Invalid capture group name/);
  assert.match(problemOf('(?<a>b)(?<a>c)'), /Duplicate capture group name/);
  assert.equal(problemOf('(?<naïve>b)|(?<$>c)'), 'taken');
});

test('a frame for whole texts cannot be left', () => {
  const made = compilePattern('a)|(?:b', '', 'whole');
  assert.ok(isProblem(made));
});

test('brackets five hundred deep are read', () => {
  const made = compilePattern(`${'('.repeat(499)}a${')'.repeat(499)}`, '', 'whole');
  assert.ok(!isProblem(made) && made.test('a') && !made.test('b'));
});

// V8 13.6 looks for the small letter only: its search ahead forgets the flags of the group.
test('flags of a group hold in all of it', () => {
  const made = compilePattern('(?i:q|[a-c]y|b)', '');
  assert.ok(!isProblem(made) && made.test('CY'));
});
