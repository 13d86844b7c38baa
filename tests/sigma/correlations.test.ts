// Correlations of RSigma's tests: facts restated, see tests/cases/sigma/LICENCE.txt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { Result } from '../../packages/core/src/plan/result.ts';
import { defaultSource, type SourcesPlan } from '../../packages/core/src/plan/source-plan.ts';
import { runEngine } from '../engine/run-engine.ts';
import type { Delivery } from '../reference/events.ts';
import { reference } from '../reference/reference.ts';
import { caseLines } from './corpus.ts';

interface Case {
  readonly id: string;
  readonly rules: readonly Readonly<Record<string, unknown>>[];
  /** `at`: seconds. */
  readonly events: readonly { readonly at: number; readonly event: Record<string, Json> }[];
  readonly fires: readonly {
    readonly after_event: number;
    readonly rule: string;
    readonly group: Readonly<Record<string, string>>;
    readonly value?: number;
  }[];
}

const sources: SourcesPlan = {
  sources: [
    {
      ...defaultSource,
      time: { paths: [['weir_at']], format: null, zone: 'UTC' },
      logSource: { product: 'test', service: null, category: null },
    },
  ],
  lists: [],
  tenants: [],
};

const cases = caseLines('correlations.ndjson') as Case[];

test('there are 13 cases', () => assert.equal(cases.length, 13));

const compiled = (rules: Case['rules']): ReturnType<typeof compile> =>
  compile([{ name: 'case.yml', text: rules.map((rule) => JSON.stringify(rule)).join('\n---\n') }], {
    sources,
  });

for (const one of cases)
  test(`${one.id}: one result for each group that fires, from the event at which it first does`, () => {
    const { plan, rules, diagnostics } = compiled(one.rules);
    assert.deepEqual(diagnostics, []);
    const deliveries = one.events.map(({ at, event }, i): Delivery => ({
      source: 'events',
      partition: 'p',
      number: i,
      arrivedAt: Number.NaN,
      record: JSON.stringify({ ...event, weir_at: at }),
    }));
    const input = { sources, lists: [], deliveries };
    const { results } = runEngine(
      { ...input, plan },
      { batchOf: () => 2, bounds: [0, 128], restore: () => null },
    );
    assert.deepEqual(
      reference({ ...input, rules: rules.map(({ syntax }) => syntax) }).results,
      results,
    );
    // RSigma fires again with each further event; these are the events of one result.
    const firsts = new Map(one.fires.toReversed().map((fire) => [groupText(fire.group), fire]));
    assert.deepEqual(results.map(({ key }) => groupText(key)).sort(), [...firsts.keys()].sort());
    for (const result of results) checkResult(result, firsts.get(groupText(result.key))!, one);
  });

function checkResult(result: Result, fire: Case['fires'][number], { events, fires }: Case): void {
  assert.equal(result.rule, fire.rule);
  assert.equal(result.at, events[fire.after_event]!.at * 1000);
  if (fire.value !== undefined) assert.equal(Object.values(result.measures)[0], fire.value);
  const last = Math.max(...fires.map(({ after_event }) => after_event));
  assert.equal([...result.first, ...result.last].at(-1)!.number, last);
}

const groupText = (group: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
