// Sequences are those of Flink CEP: its own published cases, as rules, all matches with their number, by the reference
// and by the engine.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { canonical, flinkEvents, flinkRule, takenEvents, type FlinkCase } from './flink.ts';
import { resultsOf } from './run-rule.ts';

const cases = readFileSync(new URL('../cases/sequences/flink-cep.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as FlinkCase);

test('there are 111 cases', () => {
  assert.equal(cases.length, 111);
});

for (const one of cases)
  test(one.id, () => {
    const matches = resultsOf(flinkRule(one), flinkEvents(one)).map(takenEvents);
    assert.deepEqual(
      canonical(matches, one.equal_events),
      canonical(one.expected_matches, one.equal_events),
      flinkRule(one),
    );
  });
