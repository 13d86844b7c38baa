import assert from 'node:assert/strict';
import { compile } from '../../packages/core/src/language/compile.ts';
import { printRule } from '../../packages/core/src/language/epl/print.ts';
import type { Result } from '../../packages/core/src/plan/result.ts';
import { defaultSource, type SourcesPlan } from '../../packages/core/src/plan/source-plan.ts';
import { ALONE } from '../engine/cluster.ts';
import { firstDifference } from '../engine/first-difference.ts';
import { runEngine } from '../engine/run-engine.ts';
import { reference } from '../reference/reference.ts';

/** Small times would be read as seconds. */
export const BASE = 1_700_000_000_000;

const source = {
  ...defaultSource,
  name: 'events',
  time: { paths: [['at_ms']], format: null, zone: 'UTC' },
};
export const SOURCES: SourcesPlan = { sources: [source], lists: [], tenants: [] };

/**
 * The final results of rules over events, in the order of arrival, each at `at_ms` after BASE: by the reference, by the
 * engine straight, and by the engine restored after every other event; all must agree. What is printed must be the same
 * rule. Events are numbered from 0.
 */
export function resultsOf(
  text: string,
  events: readonly Readonly<Record<string, unknown>>[],
): readonly Result[] {
  const compiled = compile([{ name: 'rule.weir', text }], { sources: SOURCES });
  const errors = compiled.diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(errors, [], text);
  const printed = compiled.rules.map(({ syntax }) => printRule(syntax)).join('\n');
  const again = compile([{ name: 'rule.weir', text: printed }], { sources: SOURCES });
  assert.deepEqual(again.plan, compiled.plan, printed);
  const deliveries = events.map((event, number) => ({
    source: 'events',
    partition: 'p',
    number,
    arrivedAt: Number.NaN,
    record: JSON.stringify({ ...event, at_ms: BASE + Number(event['at_ms']) }),
  }));
  const input = { sources: SOURCES, lists: [], deliveries };
  const rules = compiled.rules.map(({ syntax }) => syntax);
  const expected = reference({ rules, ...input }).results;
  for (const every of [1000, 2]) {
    const { results } = runEngine(
      { plan: compiled.plan, ...input },
      {
        batchOf: () => every,
        bounds: ALONE,
        restore: () => (every === 2 ? ALONE : null),
      },
    );
    assert.equal(firstDifference(results, expected), '', `${text}\nin batches of ${every}`);
  }
  return expected;
}
