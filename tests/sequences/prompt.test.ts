// A match stands as soon as its last event is there: after each event what stands is what the reference finds in the events
// so far. Events come one by one and in order, and so late that nothing is final before all are there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile } from '../../packages/core/src/language/compile.ts';
import { ALONE, Cluster } from '../engine/cluster.ts';
import { changesOf } from '../engine/run-engine.ts';
import { reference } from '../reference/reference.ts';
import { BASE, SOURCES } from './run-rule.ts';

const PARTS: Readonly<Record<string, string>> = {
  'two steps': "STEP a FILTER event.k == 'a' STEP b FILTER event.k == 'b'",
  'one step twice': "STEP a FILTER event.k == 'a' TIMES 2",
  'one step twice, then another':
    "STEP a FILTER event.k == 'a' TIMES 2 STEP b FILTER event.k == 'b'",
  'a step that two events of the same kind take':
    "STEP a FILTER event.k != 'c' STEP b FILTER event.k != 'b'",
  'three steps':
    "STEP a FILTER event.k == 'a' STEP b FILTER event.k == 'b' STEP c FILTER event.k == 'c'",
};

const sources = { ...SOURCES, sources: [{ ...SOURCES.sources[0]!, latenessMs: 600_000 }] };

function checkStanding(
  text: string,
  kinds: readonly { readonly k: string; readonly gapMs: number }[],
): void {
  const { plan, rules: compiled } = compile([{ name: 'prompt.weir', text }], { sources });
  const cluster = new Cluster(changesOf({ plan, sources, lists: [] }), ALONE);
  cluster.start([{ source: 'events', partition: 'p' }]);
  const standing = new Map<string, string>();
  let [atMs, told] = [0, 0];
  const deliveries = kinds.map(({ k, gapMs }, number) => ({
    source: 'events',
    partition: 'p',
    number,
    arrivedAt: Number.NaN,
    record: JSON.stringify({ k, u: 'x', at_ms: BASE + (atMs += gapMs) }),
  }));
  deliveries.forEach((delivery, number) => {
    cluster.batch([delivery]);
    for (; told < cluster.results.length; told++) {
      const { change, result } = cluster.results[told]!;
      if (change === 'withdraw') standing.delete(result.id);
      else standing.set(result.id, JSON.stringify(result));
    }
    const rules = compiled.map(({ syntax }) => syntax);
    const expected = reference({
      rules,
      sources,
      lists: [],
      deliveries: deliveries.slice(0, number + 1),
    });
    assert.deepEqual(
      [...standing.values()].toSorted(),
      expected.results.map((result) => JSON.stringify(result)).toSorted(),
      `${text}\nafter ${number}: ${JSON.stringify(kinds)}`,
    );
  });
}

const events = fc.array(
  fc.record({ k: fc.constantFrom('a', 'b', 'c'), gapMs: fc.integer({ min: 1, max: 30 }) }),
  { maxLength: 12 },
);

for (const skip of ['NONE', 'PAST LAST'])
  for (const [name, parts] of Object.entries(PARTS))
    test(`${name}, SKIP ${skip}`, () => {
      const text = `RULE 'r' SEQUENCE BY u WITHIN 60:ms ${parts} SKIP ${skip}`;
      fc.assert(
        fc.property(events, (kinds) => checkStanding(text, kinds)),
        { numRuns: 60 },
      );
    });
