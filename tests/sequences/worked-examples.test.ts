// The worked examples of docs/language.md section 14 that are about sequences, by the reference and by the engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASE, resultsOf } from './run-rule.ts';

/** Events as `[kind, seconds]`; gives for each match the kinds and numbers (from 1) of its events, and when it is complete. */
function found(
  rule: string,
  events: readonly (readonly [kind: string, at: number, more?: object])[],
): string[] {
  const written = events.map(([k, at, more]) => ({ k, at_ms: at * 1000, ...more }));
  return resultsOf(`RULE "r" FILTER true SEQUENCE BY * ${rule}`, written)
    .toSorted((a, b) => a.at - b.at || a.start - b.start)
    .map(({ first, last, at, count }) => {
      const shown = [...first, ...last].map(
        ({ number }) => events[Number(number)]![0] + (Number(number) + 1),
      );
      return `${shown.join(' ')}${count > 10 ? ` (${count})` : ''} @${(at - BASE) / 1000}`;
    });
}

const AB = 'STEP a FILTER event.k == "a" STEP b FILTER event.k == "b"';
const times = (count: number, kind: string, from = 0): [string, number][] =>
  Array.from({ length: count }, (_, i) => [kind, from + i]);

test('1: of two events of one time the numbers decide', () => {
  assert.deepEqual(
    found(`WITHIN 1:min ${AB}`, [
      ['a', 10],
      ['b', 10],
    ]),
    ['a1 b2 @10'],
  );
  assert.deepEqual(
    found(`WITHIN 1:min ${AB}`, [
      ['b', 10],
      ['a', 10],
    ]),
    [],
  );
});

test('3: what a complete match makes needless is left out', () => {
  const rule =
    'WITHIN 1:hour STEP a FILTER event.k == "a" STEP b FILTER (e, m) => e.k == "b" && e.x == m.a.x';
  assert.deepEqual(
    found(rule, [
      ['a', 0, { x: 1 }],
      ['a', 60, { x: 2 }],
      ['b', 120, { x: 2 }],
      ['b', 3000, { x: 1 }],
    ]),
    ['a2 b3 @120'],
  );
});

test('4: of matches that end together the one with most events', () => {
  const rule =
    'WITHIN 1:hour STEP fail FILTER event.k == "F" TIMES 5 OR MORE STEP ok FILTER event.k == "S"';
  assert.deepEqual(found(rule, [...times(8, 'F'), ['S', 8]]), ['F1 F2 F3 F4 F5 F6 F7 F8 S9 @8']);
});

test('12: a match grows by what may follow it; then a success after each five', () => {
  const loop = 'WITHIN 1:hour STEP fail FILTER event.k == "F" TIMES 5 OR MORE';
  assert.deepEqual(found(loop, times(12, 'F')), ['F1 F2 F3 F4 F5 F8 F9 F10 F11 F12 (12) @4']);
  assert.deepEqual(
    found(`${loop} STEP ok FILTER event.k == "S"`, [
      ...times(5, 'F'),
      ['S', 5],
      ...times(5, 'F', 6),
      ['S', 11],
    ]),
    ['F1 F2 F3 F4 F5 S6 @5', 'F7 F8 F9 F10 F11 S12 @11'],
  );
});

test('13: an absence at the end is decided at its deadline', () => {
  const rule = 'WITHIN 10:sec STEP a FILTER event.k == "a" ABSENT b FILTER event.k == "b"';
  assert.deepEqual(
    found(rule, [
      ['a', 0],
      ['b', 5],
      ['a', 12],
    ]),
    ['a3 @22'],
  );
});

test('CANCEL ends a match in the making, and UNTIL a loop', () => {
  assert.deepEqual(
    found(`WITHIN 1:min ${AB} CANCEL event.k == "c"`, [
      ['a', 0],
      ['c', 1],
      ['b', 2],
      ['a', 3],
      ['b', 4],
    ]),
    ['a4 b5 @4'],
  );
});

test('SKIP says which matches forbid which', () => {
  const events: [string, number][] = [
    ['a', 0],
    ['a', 1],
    ['b', 2],
    ['b', 3],
  ];
  const any = `WITHIN 1:min STEP a FILTER event.k == "a" STEP b ANY FILTER event.k == "b"`;
  assert.equal(found(`${any} SKIP NONE`, events).length, 4);
  assert.deepEqual(found(any, events), ['a1 b3 @2']);
  assert.deepEqual(found(`${any} SKIP TO NEXT`, events), ['a1 b3 @2', 'a2 b3 @2']);
});
