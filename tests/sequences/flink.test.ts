// The reference's sequences are those of Flink CEP: its own published cases, as rules, all matches with their number.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from '../../packages/core/src/language/epl/parse.ts';
import { printRule } from '../../packages/core/src/language/epl/print.ts';
import { defaultSource } from '../../packages/core/src/plan/source-plan.ts';
import { eventFrom } from '../reference/events.ts';
import { compareEvents } from '../reference/order.ts';
import { allMatches } from '../reference/sequences.ts';
import { sequenceFrom } from '../reference/sequence-syntax.ts';
import { canonical, flinkRule, type FlinkCase } from './flink.ts';

const cases = readFileSync(new URL('../cases/sequences/flink-cep.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as FlinkCase);

const sources = {
  sources: [{ ...defaultSource, time: { paths: [['at_ms']], format: null, zone: 'UTC' } }],
  lists: [],
  tenants: [],
};
/** Times of the cases are small numbers, which would be read as seconds. */
const BASE = 1_700_000_000_000;

function matchesOf(one: FlinkCase): number[][] {
  const { rules, diagnostics } = parse(flinkRule(one), 'flink.weir');
  assert.deepEqual(diagnostics, [], flinkRule(one));
  const printed = printRule(rules[0]!);
  const { sequence } = parse(printed, 'printed.weir').rules[0]!;
  assert.equal(printRule(parse(printed, 'printed.weir').rules[0]!), printed);
  const events = one.events.map(({ n, at, ...fields }) => {
    const record = JSON.stringify({ ...fields, n, at_ms: BASE + at });
    const delivery = { source: 'events', partition: 'p', number: n, arrivedAt: Number.NaN, record };
    return eventFrom(delivery, sources, () => -Infinity)!;
  });
  // Its tests of negation feed their events in an order of their own, which stands for the order of arrival.
  const ordered = one.id.includes('NotPattern')
    ? events
    : events.toSorted((a, b) => compareEvents(a.nameAt(a.ownAt), b.nameAt(b.ownAt)));
  return allMatches(sequenceFrom(sequence!), ordered, (event) => event.ownAt).map(({ taken }) =>
    taken.map(([, index]) => Number(ordered[index]!.number)),
  );
}

test('there are 111 cases', () => {
  assert.equal(cases.length, 111);
});

for (const one of cases)
  test(one.id, () => {
    assert.deepEqual(
      canonical(matchesOf(one), one.equal_events),
      canonical(one.expected_matches, one.equal_events),
      flinkRule(one),
    );
  });
