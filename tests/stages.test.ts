// The theorem for engine parts in stages, as a cluster runs them: parts that only match, parts for each level of rules, and
// parts for alerts. Whatever comes first of what different parts say, the final results are those of one engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, deliver, finalAlerts, finalResultsOf, runEngine } from './engine/run-engine.ts';
import { ALONE } from './engine/cluster.ts';
import { firstDifference } from './engine/first-difference.ts';
import { randomCase } from './engine/random-case.ts';
import { Random } from './engine/random.ts';
import { clockChanges, CLOCKS_SEEN, tellClocks } from './flink/clocks.ts';
import { StagedCluster } from './engine/staged-cluster.ts';
import { levelsOf } from '../packages/core/src/plan/reading.ts';
import { allScenarios } from './scenarios/scenario.ts';

const CASES = Number(process.env['WEIR_CASES'] ?? 3000);
const FIRST_SEED = Number(process.env['WEIR_SEED'] ?? 1);

interface Case {
  readonly compiled: ReturnType<typeof randomCase>['compiled'];
  readonly sources: ReturnType<typeof randomCase>['sources'];
  readonly lists: ReturnType<typeof randomCase>['lists'];
  readonly deliveries: ReturnType<typeof randomCase>['deliveries'];
}

function checkStages({ compiled, sources, lists, deliveries }: Case, random: Random): void {
  const { plan } = compiled;
  const input = { plan, sources, lists, deliveries };
  const alone = runEngine(input, { batchOf: () => 4, bounds: ALONE, restore: () => null });
  const levels = Math.max(0, ...levelsOf(plan.rules).levels) + 1;
  const parallelism = (): number[] =>
    Array.from({ length: levels + 2 }, () => random.between(1, 3));
  const cluster = new StagedCluster(changesOf(input), parallelism(), random);
  const restores = random.of([0, 0.1, 0.5]);
  deliver(cluster, deliveries, {
    batchOf: () => random.between(1, 4),
    bounds: [],
    restore: () => (random.chance(restores) ? parallelism() : null),
  });
  assert.equal(firstDifference(finalResultsOf(cluster), alone.results), '', 'results');
  const ids = alone.results.map(({ id }) => id);
  if (new Set(ids).size === ids.length)
    assert.equal(firstDifference(finalAlerts(cluster), alone.alerts), '', 'alerts');
  assert.deepEqual(cluster.counts, alone.counts, 'counts');
}

test(`${CASES} random rules in stages of any width, restored anywhere`, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const random = new Random(seed);
    const one = randomCase(random);
    try {
      checkStages(one, random);
    } catch (error) {
      throw new Error(`seed ${seed}:\n${one.text}`, { cause: error });
    }
  }
});

for (const scenario of allScenarios())
  test(`in stages: ${scenario.name}`, () => {
    for (let seed = 1; seed <= 5; seed++)
      checkStages({ ...scenario, lists: scenario.lists }, new Random(seed));
  });

test('two sources ten minutes apart, one idle, one returning, and all idle while rules flow', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const cluster = new StagedCluster(clockChanges, [2, 2, 1], new Random(seed));
    assert.deepEqual(await tellClocks(cluster), CLOCKS_SEEN, `seed ${seed}`);
  }
});
