// Results as events of other rules: withdrawals travel, a level waits for what may still change, cycles are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../packages/core/src/language/compile.ts';
import { ALONE, Cluster } from './engine/cluster.ts';
import { BASE, SOURCES } from './sequences/run-rule.ts';

const THREE = `
RULE "loss" SOURCES $source = 'events' AGGREGATE BY user WITHIN 1:min HAVING sum(v) > 5
RULE "again" SOURCES $rule = 'loss' AGGREGATE BY user WITHIN 1:hour HAVING count() >= 1 && { worst: max(count) }
RULE "chain" SOURCES $rule = 'again' SEQUENCE BY user WITHIN 1:hour STEP first`;

function run(
  text: string,
  events: readonly (readonly [at: number, fields: object])[],
  bounds: readonly number[],
): Cluster {
  const sources = { ...SOURCES, sources: [{ ...SOURCES.sources[0]!, latenessMs: 600_000 }] };
  const { plan, diagnostics } = compile([{ name: 'levels.weir', text }], { sources });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  const cluster = new Cluster(
    [
      { kind: 'sources', sources },
      { kind: 'rules', plan },
    ],
    bounds,
  );
  cluster.start([{ source: 'events', partition: 'p' }]);
  events.forEach(([at, fields], number) =>
    cluster.batch([
      {
        source: 'events',
        partition: 'p',
        number,
        arrivedAt: Number.NaN,
        record: JSON.stringify({ user: 'u', ...fields, at_ms: BASE + at }),
      },
    ]),
  );
  return cluster;
}

const changes = ({ results }: Cluster): string[] =>
  results.map(({ change, result }) => `${result.rule} ${change}`);

for (const [name, bounds] of [
  ['in one part', ALONE],
  ['in three', [0, 40, 90, 128]],
] as const)
  test(`three levels: the lowest withdrawn by a late event, and the two above with it (${name})`, () => {
    const cluster = run(
      THREE,
      [
        [60_000, { v: 4 }],
        [61_000, { v: 4 }],
        [70_000, { v: 0 }],
        [60_500, { v: -8 }],
      ],
      bounds,
    );
    assert.deepEqual(changes(cluster).sort(), [
      'again amend',
      'again open',
      'again withdraw',
      'chain open',
      'chain withdraw',
      'loss amend',
      'loss open',
      'loss withdraw',
    ]);
    cluster.finish();
    assert.equal(cluster.results.filter(({ change }) => change === 'final').length, 0);
  });

test('what is amended below is amended above, in order', () => {
  const cluster = run(
    THREE,
    [
      [60_000, { v: 4 }],
      [61_000, { v: 4 }],
      [62_000, { v: 1 }],
    ],
    ALONE,
  );
  cluster.finish();
  const worst = cluster.results
    .filter(({ result }) => result.rule === 'again')
    .map(({ change, result }) => [change, result.fields['worst']]);
  assert.deepEqual(worst, [
    ['open', 2],
    ['amend', 3],
    ['final', 3],
  ]);
});

test('a cycle of two is refused naming both, and the others run', () => {
  const text = `
RULE "a" SOURCES $rule = 'b' AGGREGATE BY user WITHIN 1:min
RULE "b" SOURCES $rule = 'a' AGGREGATE BY user WITHIN 1:min
RULE "c" SOURCES $rule = 'a' AGGREGATE BY user WITHIN 1:min
RULE "d" SOURCES user = 'x'`;
  const { plan, diagnostics } = compile([{ name: 'cycle.weir', text }], { sources: SOURCES });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['E214', 'E214'],
  );
  for (const { message } of errors) assert.match(message, /"a" → "b" → "a"/);
  assert.deepEqual(
    plan.rules.map(({ id }) => id),
    ['c', 'd'],
  );
});

test('a shadow rule is read by nobody, and a rule of another tenant by no one else', () => {
  const text = `
RULE "low" STATUS shadow SOURCES $source = 'events' FILTER event.v > 0 AGGREGATE BY user WITHIN 1:min
RULE "high" SOURCES $rule = 'low' AGGREGATE BY user WITHIN 1:min`;
  const cluster = run(text, [[60_000, { v: 4 }]], ALONE);
  cluster.finish();
  assert.deepEqual(changes(cluster), ['low open', 'low final']);
});
