// The theorem of docs/language.md section 4: whatever the order of arrival within the bounds, the batches, the engine
// parts, and wherever a run is stopped and restored, the final results are those of the reference, byte for byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomCase } from './engine/random-case.ts';
import { Random } from './engine/random.ts';
import { ALONE } from './engine/cluster.ts';
import { firstDifference } from './engine/first-difference.ts';
import { runEngine, type Cuts } from './engine/run-engine.ts';
import { reference } from './reference/reference.ts';

const CASES = Number(process.env['WEIR_CASES'] ?? 10_000);
const FIRST_SEED = Number(process.env['WEIR_SEED'] ?? 1);

function randomBounds(random: Random): readonly number[] {
  const parts = random.between(1, 4);
  const inner = new Set(Array.from({ length: parts - 1 }, () => random.between(1, 127)));
  return [0, ...[...inner].sort((a, b) => a - b), 128];
}

function randomCuts(random: Random): Cuts {
  const batch = random.of([1, 2, 5, 100]);
  const restores = random.of([0, 0.1, 0.5]);
  return {
    batchOf: () => (batch === 100 ? 100 : random.between(1, batch)),
    bounds: randomBounds(random),
    restore: () => (random.chance(restores) ? randomBounds(random) : null),
  };
}

function checkCase(seed: number): void {
  const random = new Random(seed);
  const { text, compiled, sources, lists, deliveries, reordered, isLate } = randomCase(random);
  const wrong = compiled.diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(wrong, [], `seed ${seed}: ${text}`);
  const rules = compiled.rules.map(({ syntax }) => syntax);
  const expected = reference({ rules, sources, lists, deliveries });
  const say = (what: string): string => `seed ${seed}, ${what}:\n${text}`;
  const outcome = runEngine(
    { plan: compiled.plan, sources, lists, deliveries },
    randomCuts(random),
  );
  assert.equal(firstDifference(outcome.results, expected.results), '', say('results'));
  // Two events of one declared identity may be two results of one name, which alerts cannot tell apart.
  const ids = expected.results.map(({ id }) => id);
  const areNamed = new Set(ids).size === ids.length;
  if (areNamed) assert.equal(firstDifference(outcome.alerts, expected.alerts), '', say('alerts'));
  assert.deepEqual(outcome.counts, expected.counts, say('counts'));
  assert.equal(
    expected.counts.read,
    expected.counts.decoded + expected.counts.undecodable + expected.counts.duplicates,
  );
  // Without late events, repetitions, and times that depend on what came before, the order of arrival does not matter.
  if (isLate || dependsOnOrder(deliveries)) return;
  const inOtherOrder = reference({ rules, sources, lists, deliveries: reordered });
  if ([expected, inOtherOrder].some(({ counts }) => counts.late > 0 || counts.duplicates > 0))
    return;
  const other = runEngine(
    { plan: compiled.plan, sources, lists, deliveries: reordered },
    { batchOf: () => 3, bounds: ALONE, restore: () => null },
  );
  assert.equal(firstDifference(other.results, expected.results), '', say('another order'));
  if (areNamed)
    assert.equal(
      firstDifference(other.alerts, expected.alerts),
      '',
      say('alerts of another order'),
    );
}

/** In a file without arrival times an event without a time of its own stands where its partition stands. */
const dependsOnOrder = (
  deliveries: readonly { readonly record: string; readonly arrivedAt: number }[],
): boolean =>
  deliveries.some(
    ({ record, arrivedAt }) => Number.isNaN(arrivedAt) && !/"t":"?1[0-9]{12}[",}]/.test(record),
  );

test(`${CASES} random rules over random streams, cut and restored anywhere, give what the reference gives`, () => {
  for (let i = 0; i < CASES; i++)
    try {
      checkCase(FIRST_SEED + i);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      throw new Error(`seed ${FIRST_SEED + i}`, { cause: error });
    }
});
