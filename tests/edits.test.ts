// Rules that change while events flow: what an edit keeps, where a new version begins, and what is given again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../packages/core/src/language/compile.ts';
import type { FrameFromEngine } from '../packages/core/src/frames.ts';
import { ALONE, Cluster } from './engine/cluster.ts';
import { firstDifference } from './engine/first-difference.ts';
import { Random } from './engine/random.ts';
import { denseCase } from './engine/random-case.ts';
import { finalResultsOf } from './engine/run-engine.ts';
import { reference } from './reference/reference.ts';
import type { Delivery } from './reference/events.ts';
import { BASE, SOURCES } from './sequences/run-rule.ts';

const planOf = (text: string): ReturnType<typeof compile> =>
  compile([{ name: 'edit.weir', text }], { sources: SOURCES });

function open(text: string): Cluster {
  const cluster = new Cluster(
    [
      { kind: 'sources', sources: SOURCES },
      { kind: 'rules', plan: planOf(text).plan },
    ],
    ALONE,
  );
  cluster.start([{ source: 'events', partition: 'p' }]);
  return cluster;
}

let number = 0;
const failure = (seconds: number, fields: object = {}): Delivery => ({
  source: 'events',
  partition: 'p',
  number: number++,
  arrivedAt: Number.NaN,
  record: JSON.stringify({ user: 'u', code: 4625, ...fields, at_ms: BASE + seconds * 1000 }),
});

const burst = (least: number, filter = 'event.code == 4625'): string =>
  `RULE "burst" FILTER ${filter} AGGREGATE BY user WITHIN 10:min HAVING count() >= ${least}`;
const shown = ({ results }: Cluster): string[] =>
  results.map(({ change, result }) => `${change} ${result.count}`);
const edited = (frames: readonly FrameFromEngine[]): unknown =>
  frames.flatMap((frame) => (frame.type === 'edited' ? frame.rules : []));

test('nine of ten seen, the threshold becomes 8: it fires once, with the next event, not before', () => {
  const cluster = open(burst(10));
  for (let i = 0; i < 9; i++) cluster.batch([failure(i)]);
  assert.deepEqual(edited(cluster.edit(planOf(burst(8)).plan, null)), [
    { rule: 'burst', change: 'kept' },
  ]);
  assert.deepEqual(shown(cluster), []);
  cluster.tick(BASE + 20_000);
  assert.deepEqual(shown(cluster), []);
  cluster.batch([failure(9)]);
  assert.deepEqual(shown(cluster), ['open 10']);
  cluster.batch([failure(10)]);
  cluster.finish();
  assert.deepEqual(shown(cluster), ['open 10', 'amend 11', 'final 11']);
});

test('what an old version gave is not withdrawn by a new one', () => {
  const cluster = open(burst(3));
  for (let i = 0; i < 4; i++) cluster.batch([failure(i)]);
  cluster.edit(planOf(burst(10)).plan, null);
  cluster.batch([failure(5)]);
  cluster.finish();
  assert.deepEqual(shown(cluster), ['open 3', 'amend 4', 'final 4']);
});

test('a changed FILTER begins anew, and is as if it had always been when what was recorded has been given again', () => {
  const events = Array.from({ length: 12 }, (_, i) =>
    failure(i, { code: i % 2 === 0 ? 4625 : 4771 }),
  );
  const wide = burst(8, 'event.code == 4625 || event.code == 4771');
  const cluster = open(burst(8));
  for (const event of events.slice(0, 9)) cluster.batch([event]);
  assert.deepEqual(edited(cluster.edit(planOf(wide).plan, null)), [
    { rule: 'burst', change: 'warming' },
  ]);
  cluster.batch([events[9]!]);
  assert.deepEqual(shown(cluster), []);
  for (const event of events.slice(0, 9)) cluster.refill([event]);
  cluster.refilled();
  assert.deepEqual(shown(cluster), ['open 10']);
  assert.equal(cluster.results[0]!.result.warming, undefined);
  for (const event of events.slice(10)) cluster.batch([event]);
  cluster.finish();
  const always = open(wide);
  for (const event of events) always.batch([event]);
  always.finish();
  assert.deepEqual(finalResultsOf(cluster), finalResultsOf(always));
});

test('a new rule is warming until its span is over, or what was recorded has been given again', () => {
  const rule =
    'RULE "other" FILTER event.code == 4625 AGGREGATE BY user WITHIN 1:min SLIDING HAVING count() >= 2';
  const isWarming = ({ results }: Cluster): (true | undefined)[] =>
    results.filter(({ result }) => result.rule === 'other').map(({ result }) => result.warming);
  const cluster = open(burst(100));
  cluster.batch([failure(0)]);
  cluster.edit(planOf(burst(100) + '\n' + rule).plan, null);
  for (const seconds of [10, 11]) cluster.batch([failure(seconds)]);
  assert.deepEqual(isWarming(cluster), [true]);
  for (const seconds of [200, 201]) cluster.batch([failure(seconds)]);
  cluster.finish();
  assert.deepEqual(isWarming(cluster), [true, true, undefined, undefined]);
});

test('a rule that is deleted ends what it has open as final, and a new one begins', () => {
  const cluster = open(burst(3));
  for (let i = 0; i < 4; i++) cluster.batch([failure(i)]);
  const other = 'RULE "other" FILTER event.code == 4625 AGGREGATE BY user WITHIN 10:min';
  assert.deepEqual(edited(cluster.edit(planOf(other).plan, null)), [
    { rule: 'burst', change: 'gone' },
    { rule: 'other', change: 'warming' },
  ]);
  assert.deepEqual(shown(cluster), ['open 3', 'amend 4', 'final 4']);
  cluster.batch([failure(9)]);
  cluster.finish();
  assert.deepEqual(shown(cluster).slice(3), ['open 1', 'final 1']);
});

const CASES = Number(process.env['WEIR_EDIT_CASES'] ?? 1500);
const FIRST_SEED = Number(process.env['WEIR_SEED'] ?? 1);

test(`${CASES} random streams with an edit in their middle, given again and restored anywhere, are as the reference has them`, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const random = new Random(seed);
    const { before, after, sources, deliveries } = denseCase(random);
    const cluster = new Cluster(
      [
        { kind: 'sources', sources },
        { kind: 'rules', plan: before.plan },
      ],
      random.chance(0.5) ? ALONE : [0, 50, 128],
    );
    const partitions = [
      ...new Map(deliveries.map((one) => [`${one.source} ${one.partition}`, one])).values(),
    ];
    cluster.start(partitions);
    const middle = random.between(0, deliveries.length);
    const restores = random.of([0, 0.2]);
    const give = (from: number, to: number): void => {
      for (const one of deliveries.slice(from, to)) {
        cluster.batch([one]);
        if (random.chance(restores)) cluster.restoreOnto(random.chance(0.5) ? ALONE : [0, 50, 128]);
      }
    };
    give(0, middle);
    const newest = Math.max(
      0,
      ...deliveries.slice(0, middle).map(({ record }) => (JSON.parse(record) as { t: number }).t),
    );
    const activeFrom = newest + 1;
    cluster.edit(after.plan, activeFrom);
    for (const one of deliveries.slice(0, middle)) cluster.refill([one]);
    cluster.refilled();
    give(middle, deliveries.length);
    for (const one of partitions) cluster.end(one);
    cluster.finish();
    const expected = reference({
      rules: before.rules.map(({ syntax }) => syntax),
      edits: [{ activeFrom, rules: after.rules.map(({ syntax }) => syntax) }],
      sources,
      lists: [],
      deliveries,
    });
    const say = `seed ${seed}, active from ${activeFrom % 1e6}:\n${before.text}\n--- then\n${after.text}`;
    assert.equal(firstDifference(finalResultsOf(cluster), expected.results), '', say);
  }
});
