// A match that gives no result is settled as any other: what it took is taken, and what its code threw is told. Each event
// comes by itself, so that the clock passes the match's end with an event of another key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import { ALONE, Cluster } from '../engine/cluster.ts';
import { changesOf } from '../engine/run-engine.ts';
import { reference } from '../reference/reference.ts';
import { BASE, SOURCES as WITH_LATENESS } from './run-rule.ts';

// What is there is settled at once.
const SOURCES = {
  ...WITH_LATENESS,
  sources: [{ ...WITH_LATENESS.sources[0]!, boundMs: 0, latenessMs: 0 }],
};

type Event = Readonly<{ u: string; k: string; v?: number; at_ms: number }>;

function run(text: string, events: readonly Event[]): { cluster: Cluster; expected: number } {
  const { plan, rules: compiled } = compile([{ name: 'settled.weir', text }], { sources: SOURCES });
  const cluster = new Cluster(changesOf({ plan, sources: SOURCES, lists: [] }), ALONE);
  cluster.start([{ source: 'events', partition: 'p' }]);
  const deliveries = events.map((event, number) => ({
    source: 'events',
    partition: 'p',
    number,
    arrivedAt: Number.NaN,
    record: JSON.stringify({ ...event, at_ms: BASE + event.at_ms }),
  }));
  for (const delivery of deliveries) cluster.batch([delivery]);
  cluster.finish();
  const rules = compiled.map(({ syntax }) => syntax);
  const { results } = reference({ rules, sources: SOURCES, lists: [], deliveries });
  return { cluster, expected: results.length };
}

test('what a match took that HAVING refused is taken under PAST LAST', () => {
  const { cluster, expected } = run(
    `RULE 'r' SEQUENCE BY u WITHIN 20:ms STEP a FILTER event.k == 'a' STEP b FILTER event.k == 'a'
     SKIP PAST LAST HAVING match => match.a.v > 1`,
    [
      { u: 'x', k: 'a', v: 0, at_ms: 0 },
      { u: 'x', k: 'a', v: 2, at_ms: 10 },
      { u: 'y', k: 'a', v: 0, at_ms: 25 },
      { u: 'x', k: 'a', v: 3, at_ms: 28 },
    ],
  );
  assert.equal(expected, 0);
  assert.deepEqual(cluster.results, []);
});

for (const [clause, thrown] of [
  ["HAVING match => { throw 'not this one' }", 'HAVING'],
  ["SINK event => { throw 'nor this one' }", 'SINK'],
] as const)
  for (const skip of ['NONE', 'PAST LAST'])
    test(`what ${thrown} throws is told when the match is final, SKIP ${skip}`, () => {
      const { cluster } = run(
        `RULE 'r' SEQUENCE BY u WITHIN 60:ms STEP a FILTER event.k == 'a' STEP b FILTER event.k == 'b' SKIP ${skip} ${clause}`,
        [
          { u: 'x', k: 'a', at_ms: 0 },
          { u: 'x', k: 'b', at_ms: 10 },
          { u: 'y', k: 'a', at_ms: 200 },
        ],
      );
      assert.deepEqual(
        cluster.errors.map(({ clause: of }) => of),
        [thrown],
      );
    });
