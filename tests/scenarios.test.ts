// Every scenario in every way: by the reference, straight, restored after every batch, and split over engine parts.
// A new way is one more entry of `ways`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALONE } from './engine/cluster.ts';
import { runEngine, type Cuts } from './engine/run-engine.ts';
import { reference } from './reference/reference.ts';
import { allScenarios, judge, type Outcome, type Scenario } from './scenarios/scenario.ts';

interface Way {
  readonly name: string;
  run(scenario: Scenario): Outcome;
}

const SPLIT = [0, 40, 90, 128];

const engine = (name: string, cuts: Cuts): Way => ({
  name,
  run: ({ compiled, sources, lists, deliveries }) => {
    const { results, alerts, counts } = runEngine(
      { plan: compiled.plan, sources, lists, deliveries },
      cuts,
    );
    return { results, alerts, counts: { ...counts } };
  },
});

const ways: readonly Way[] = [
  {
    name: 'the reference',
    run: ({ compiled, sources, lists, deliveries }) => {
      const { results, alerts, counts } = reference({
        rules: compiled.rules.map(({ syntax }) => syntax),
        sources,
        lists,
        deliveries,
      });
      return { results, alerts, counts: { ...counts } };
    },
  },
  engine('straight', { batchOf: () => 1000, bounds: ALONE, restore: () => null }),
  engine('restored after every batch', { batchOf: () => 2, bounds: ALONE, restore: () => ALONE }),
  engine('split over three parts', { batchOf: () => 3, bounds: SPLIT, restore: () => null }),
  engine('split, and restored onto another number of parts', {
    batchOf: () => 1,
    bounds: SPLIT,
    restore: (batch) => (batch % 2 === 0 ? [0, 64, 128] : SPLIT),
  }),
];

const scenarios = allScenarios();

test('there are at least sixty scenarios', () =>
  assert.ok(scenarios.length >= 60, `there are ${scenarios.length}`));

for (const scenario of scenarios)
  test(scenario.name, () => {
    for (const way of ways) assert.equal(judge(scenario, way.run(scenario)), '', way.name);
  });
