// Correlation rules of Panther with their tests (tests/cases/correlation): parts in any order are ALL.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { resultsOf } from './run-rule.ts';

interface Case {
  readonly id: string;
  readonly parts: readonly {
    readonly id: string;
    readonly absent?: boolean;
    readonly min_count?: number;
  }[];
  readonly window_minutes: number;
  readonly tests: readonly {
    readonly name: string;
    readonly alert: boolean;
    readonly rule_matches: readonly {
      readonly part: string;
      readonly value: string;
      /** A text or a number: a time, or a minute. */
      readonly at: readonly (string | number)[];
    }[];
  }[];
}

const cases = JSON.parse(
  readFileSync(new URL('../cases/correlation/panther.json', import.meta.url), 'utf8'),
) as Case[];

/** What one field of each part must have in common is the key. */
function ruleOf({ id, parts, window_minutes }: Case): string {
  const items = parts.map(({ id: part, absent, min_count }, i) => {
    const filter = `FILTER event.part == ${JSON.stringify(part)}`;
    return absent
      ? `ABSENT p${i} ${filter}`
      : `STEP p${i} ${filter}${min_count === undefined ? '' : ` TIMES ${min_count}`}`;
  });
  return `RULE ${JSON.stringify(id)} ALL BY value WITHIN ${window_minutes}:min\n  ${items.join('\n  ')}`;
}

/** Minutes are counted from no matter when. */
const msOf = (at: string | number): number =>
  typeof at === 'number' ? at * 60_000 : Date.parse(at) - Date.parse('2024-01-01T00:00:00Z');

test('there are 43 tests of 15 rules', () => {
  assert.equal(cases.length, 15);
  assert.equal(cases.flatMap(({ tests }) => tests).length, 43);
});

for (const one of cases)
  for (const { name, alert, rule_matches: matches } of one.tests)
    test(`${one.id}: ${name}`, () => {
      const events = matches
        .flatMap(({ part, value, at }) => at.map((time) => ({ part, value, at_ms: msOf(time) })))
        .sort((a, b) => a.at_ms - b.at_ms);
      assert.equal(resultsOf(ruleOf(one), events).length > 0, alert);
    });
