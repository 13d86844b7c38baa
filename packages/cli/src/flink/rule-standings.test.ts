import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '@weir/core';
import { compile } from '@weir/core/language/compile.ts';
import { noSources } from '@weir/core/language/config/config.ts';
import type { ControlEntry, ControlRecord } from './control-records.ts';
import { ruleStandings, staleParks } from './rule-standings.ts';

const MINUTE_MS = 60_000;
const NOON = Date.UTC(2026, 2, 2, 12);

const planOf = (text: string): Plan =>
  compile([{ name: 'r.weir', text }], { sources: noSources }).plan;

const often = (filter: number, least: number): string =>
  `RULE "often" FILTER event.a == ${filter} AGGREGATE BY u WITHIN 1:min HAVING count() >= ${least}\n`;
const seen = (b: number): string => `RULE "seen" FILTER event.b == ${b}\n`;

const rules = (edit: number, text: string, activeFrom: number | null = null): ControlRecord => ({
  kind: 'rules',
  edit,
  plan: planOf(text),
  activeFrom,
});
const STEPS = { limit: 'steps', message: 'it takes more than 100000 steps' } as const;
const park = (rule: string): ControlRecord => ({
  kind: 'park',
  rules: [rule],
  reason: STEPS,
  from: null,
});
const release = (rule: string): ControlRecord => ({ kind: 'release', rules: [rule], from: null });

const topic = (...records: ControlRecord[]): ControlEntry[] =>
  records.map((record, offset) => ({ key: record.kind, record, offset, at: 0 }));

/** Each rule's standing, of a job that began with the first record. */
const standings = (entries: ControlEntry[], eventTime: number | null = NOON): unknown =>
  ruleStandings(entries, 1, eventTime).map(({ rule, standing }) => `${rule} ${standing}`);

test('rules that a job began with are not warming, however often they were changed before', () => {
  const entries = topic(rules(1, often(1, 3)), rules(2, often(2, 3), NOON));
  assert.deepEqual(
    ruleStandings(entries, 2, NOON).map(({ standing }) => standing),
    ['enabled'],
  );
});

test('a changed FILTER is warming until its window has passed, a changed HAVING is not', () => {
  const filter = topic(rules(1, often(1, 3)), rules(2, often(2, 3), NOON));
  assert.deepEqual(standings(filter, NOON - MINUTE_MS), ['often warming']);
  assert.deepEqual(standings(filter, NOON + MINUTE_MS - 1), ['often warming']);
  assert.deepEqual(standings(filter, NOON + MINUTE_MS), ['often enabled']);
  assert.deepEqual(standings(filter, null), ['often warming'], 'nobody has said how far it is');
  const having = topic(rules(1, often(1, 3)), rules(2, often(1, 4), NOON));
  assert.deepEqual(standings(having), ['often enabled']);
});

test('a rule goes on warming when only its HAVING is changed meanwhile', () => {
  const entries = topic(
    rules(1, often(1, 3)),
    rules(2, often(2, 3), NOON),
    rules(3, often(2, 4), NOON + 1000),
  );
  assert.deepEqual(standings(entries, NOON + 2000), ['often warming']);
  assert.equal(ruleStandings(entries, 1, NOON)[0]!.edit, 3);
});

test('a rule that only filters keeps nothing, and so does not warm', () => {
  const entries = topic(rules(1, seen(1)), rules(2, seen(2), NOON));
  assert.deepEqual(standings(entries), ['seen enabled']);
});

test('a parked rule is parked until it is released, or is another version', () => {
  const parked = topic(rules(1, often(1, 3) + seen(1)), park('often'));
  assert.deepEqual(standings(parked), ['often parked', 'seen enabled']);
  assert.deepEqual(ruleStandings(parked, 1, null)[0]!.reason, STEPS);
  const begun = rules(1, often(1, 3));
  assert.deepEqual(standings(topic(begun, park('often'), release('often'))), ['often enabled']);
  const mended = topic(begun, park('often'), rules(2, often(1, 4), NOON));
  assert.deepEqual(standings(mended), ['often enabled']);
});

test('the parks of older versions are found, so that the next job does not begin with them', () => {
  const begun = rules(1, often(1, 3) + seen(1));
  const mended = rules(2, often(1, 4) + seen(1), NOON);
  assert.deepEqual(staleParks(topic(begun, park('often'), park('seen'), mended)), ['often']);
  assert.deepEqual(staleParks(topic(begun, mended, park('often'))), []);
  assert.deepEqual(staleParks(topic(begun, park('often'), release('often'), mended)), []);
});
