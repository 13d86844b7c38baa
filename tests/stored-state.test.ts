// State that a released version has stored is taken up by this one, with the plan that it was stored with: how the engine of
// a cluster is replaced by a newer one. tests/cases/state holds one file for each format.
//
//   WEIR_STORE=1 node --test tests/stored-state.test.ts      stores the state of this version, once for each format
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Plan } from '../packages/core/src/plan/plan.ts';
import type { Result, ResultChange } from '../packages/core/src/plan/result.ts';
import { firstDifference } from './engine/first-difference.ts';
import { Random } from './engine/random.ts';
import { finalResultsOf } from './engine/run-engine.ts';
import { StagedCluster, type SavedState } from './engine/staged-cluster.ts';
import {
  loginRecords,
  partitionName,
  planOf,
  rulesText,
  SOURCE,
  sourcesPlan,
} from './flink/logins.ts';
import type { Delivery } from './reference/events.ts';

const FORMAT = 1;
const folder = join(dirname(fileURLToPath(import.meta.url)), 'cases', 'state');
const fileOf = (format: number): string => join(folder, `format-${format}.json`);

interface Stored {
  readonly plan: Plan;
  readonly state: SavedState;
  /** What had been told by then, and what is final at the end. */
  readonly told: readonly ResultChange[];
  readonly finals: readonly Result[];
}

const partitions = [0, 1].map((i) => ({ source: SOURCE, partition: partitionName('logins', i) }));
const stream = {
  ...{ seed: 21, events: 500, partitions: 2, startAt: 1_760_000_000_000 },
  ...{ eventsPerSecond: 20, users: 12 },
};
const deliveries: readonly Delivery[] = [...loginRecords(stream)].map(
  ({ partition, number, record }) => ({
    ...partitions[partition]!,
    number,
    arrivedAt: Number.NaN,
    record,
  }),
);
const HALF = deliveries.length / 2;

const clusterOf = (plan: Plan, seed: number): StagedCluster =>
  new StagedCluster(
    [
      { kind: 'sources', sources: sourcesPlan },
      { kind: 'rules', plan },
    ],
    [2, 2, 1, 1],
    new Random(seed),
  );

function deliver(cluster: StagedCluster, some: readonly Delivery[]): void {
  for (const one of some) cluster.batch([one]);
}

function store(): Stored {
  const plan = planOf(rulesText(5));
  const cluster = clusterOf(plan, 1);
  cluster.start(partitions);
  deliver(cluster, deliveries.slice(0, HALF));
  const state = cluster.save();
  const told = [...cluster.results];
  deliver(cluster, deliveries.slice(HALF));
  cluster.finish();
  return { plan, state, told, finals: finalResultsOf(cluster) };
}

if (process.env['WEIR_STORE'] === '1' && !existsSync(fileOf(FORMAT)))
  writeFileSync(fileOf(FORMAT), `${JSON.stringify(store())}\n`);

const stored = globSync(join(folder, 'format-*.json')).sort();

test('there is a stored state of each format', () => assert.equal(stored.length, FORMAT));

for (const file of stored)
  test(`${file.slice(folder.length + 1)} is taken up, in parts of other widths`, () => {
    const { plan, state, told, finals } = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    for (const widths of [
      [2, 2, 1, 1],
      [1, 3, 2, 2],
    ]) {
      const cluster = clusterOf(plan, 9);
      cluster.load(state, widths);
      cluster.start(partitions);
      cluster.results.push(...told);
      deliver(cluster, deliveries.slice(HALF));
      cluster.finish();
      assert.equal(firstDifference(finalResultsOf(cluster), finals), '');
      assert.ok(finals.length > 20);
    }
  });
