import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePatternReader } from './time-pattern.ts';

const timeOf = (pattern: string, text: string): string => {
  const at = makePatternReader(pattern, () => 0)(text);
  return Number.isNaN(at) ? 'none' : new Date(at).toISOString();
};

for (const [pattern, text, time] of [
  ['yyyy-MM-dd HH:mm:ss', '2026-11-27 23:30:01', '2026-11-27T23:30:01.000Z'],
  ['yyyy-MM-dd HH:mm:ss', '  2026-11-27   23:30:01 ', '2026-11-27T23:30:01.000Z'],
  ['yyyy-MM-dd HH:mm:ss', '2026-11-2723:30:01', 'none'],
  ['yyyy  MMM  d', '2026  Nov   7', '2026-11-07T00:00:00.000Z'],
  ['yyyy  MMM  d', '2026 Nov 7', 'none'],
  [' yyyy MMM d ', ' 2026 Nov 7\t', '2026-11-07T00:00:00.000Z'],
  ["EEE, d MMM yyyy 'at' h:mm a", 'Fri, 27 Nov 2026 at 11:30 PM', '2026-11-27T23:30:00.000Z'],
  ["yyyy' 'MM", '2026 11', '2026-11-01T00:00:00.000Z'],
  ["yyyy''MM", "2026'11", '2026-11-01T00:00:00.000Z'],
] as const)
  test(`"${text}" read as "${pattern}"`, () => assert.equal(timeOf(pattern, text), time));

test('blanks of a pattern do not share the blanks of a text', () => {
  const text = `${' '.repeat(99)}x`;
  for (const pattern of [' '.repeat(40), "  '  '  ".repeat(9), `yyyy${' \t'.repeat(20)}MM`])
    assert.equal(timeOf(pattern, text), 'none');
});

test('names side by side are refused: nothing tells them apart', () => {
  for (const pattern of ['EEEEMMMM', 'EEEa', 'aEEEE', 'MMMz'])
    assert.throws(() => makePatternReader(pattern, () => 0), /nothing tells/);
});

test('a field may be asked for once', () => {
  assert.throws(() => makePatternReader("EEEE'a'EEEE'a'EEEE", () => 0), /twice/);
  assert.throws(() => makePatternReader('d d', () => 0), SyntaxError);
});
