import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, Plan } from '@weir/core';
import { compile } from '@weir/core/language/compile.ts';
import { noSources } from '@weir/core/language/config/config.ts';
import {
  changedRecords,
  controlEntry,
  newestOf,
  wantedRecords,
  type ControlEntry,
} from './control-records.ts';
import { ruleChanges } from './edit.ts';

const planOf = (text: string): Plan =>
  compile([{ name: 'r.weir', text }], { sources: noSources }).plan;

const rule = (filter: string, least: number): string =>
  `RULE "often" FILTER ${filter} AGGREGATE BY u WITHIN 1:min HAVING count() >= ${least}\n`;

const OTHER = 'RULE "seen" FILTER event.b == 1\n';

const changes = (plan: Plan, rows = 'evil.example\n'): Change[] => [
  { kind: 'sources', sources: noSources },
  {
    kind: 'list',
    list: { name: 'bad', kind: 'domain', file: 'bad.txt' },
    rows: new TextEncoder().encode(rows),
  },
  { kind: 'rules', plan },
];

/** The topic after these records were written. */
const topicOf = (records: ReturnType<typeof wantedRecords>): ControlEntry[] =>
  records.map((one, offset) => ({ ...one, offset, at: 0 }));

test('an empty topic gets sources, lists and the first edit', () => {
  const records = changedRecords(new Map(), wantedRecords(changes(planOf(OTHER))), null);
  assert.deepEqual(
    records.map(({ key }) => key),
    ['sources', 'list:bad', 'rules'],
  );
  const rules = records[2]!.record;
  assert.ok(rules.kind === 'rules' && rules.edit === 1 && rules.activeFrom === null);
});

test('what the topic says already is not written again', () => {
  const wanted = wantedRecords(changes(planOf(OTHER)));
  // As it comes back: through JSON.
  const there = newestOf(topicOf(JSON.parse(JSON.stringify(wanted)) as typeof wanted));
  assert.deepEqual(changedRecords(there, wanted, 7), []);
});

test('other rules are the next edit, in force from a time on', () => {
  const there = newestOf(topicOf(wantedRecords(changes(planOf(OTHER)))));
  const [record, ...more] = changedRecords(there, wantedRecords(changes(planOf(rule('1', 3)))), 7);
  assert.deepEqual(more, []);
  assert.ok(record?.record.kind === 'rules');
  assert.equal(record.record.edit, 2);
  assert.equal(record.record.activeFrom, 7);
});

test('other rows of a list are told, and rules stay as they are', () => {
  const there = newestOf(topicOf(wantedRecords(changes(planOf(OTHER)))));
  const wanted = wantedRecords(changes(planOf(OTHER), 'evil.example\nworse.example\n'));
  assert.deepEqual(
    changedRecords(there, wanted, 7).map(({ key }) => key),
    ['list:bad'],
  );
});

test('an edit keeps what a rule has seen if only HAVING changed, and not if its FILTER did', () => {
  const there = newestOf(topicOf(wantedRecords(changes(planOf(rule('event.a == 1', 3) + OTHER)))));
  const changesTo = (text: string): unknown =>
    ruleChanges(there, changedRecords(there, wantedRecords(changes(planOf(text))), 7));
  assert.deepEqual(changesTo(rule('event.a == 1', 4) + OTHER), [{ rule: 'often', change: 'kept' }]);
  assert.deepEqual(changesTo(rule('event.a == 2', 3) + OTHER), [
    { rule: 'often', change: 'warming' },
  ]);
  assert.deepEqual(changesTo(rule('event.a == 1', 3)), [{ rule: 'seen', change: 'gone' }]);
  assert.deepEqual(changesTo(`${rule('event.a == 1', 3)}${OTHER}RULE "third"\n`), [
    { rule: 'third', change: 'new' },
  ]);
});

test('a list that is too large for a record has to lie somewhere, and is then named only', () => {
  const large = changes(planOf(OTHER), 'evil.example\n'.repeat(100_000));
  assert.throws(() => wantedRecords(large), /the list bad has 1300000 bytes.*--list-location bad=/);
  const [, list] = wantedRecords(large, { bad: 's3://lists/bad.txt' });
  assert.ok(list?.record.kind === 'list');
  assert.equal(list.record.location, 's3://lists/bad.txt');
  assert.equal(list.record.rows, undefined);
});

test('a record of somebody else is told, and a key that is no more is passed over', () => {
  const bytes = new TextEncoder().encode('{"user":"anna"}');
  assert.throws(() => controlEntry('u', bytes, 12, 0), /record 12 of the control topic/);
  assert.throws(() => controlEntry('u', new TextEncoder().encode('x'), 3, 0), /record 3/);
  assert.equal(controlEntry('rules', null, 4, 0), null);
});
