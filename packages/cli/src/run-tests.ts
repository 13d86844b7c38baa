import { openCore } from '@weir/core/engine/engine.ts';
import { makeTimeReader } from '@weir/core/plan/parse-time.ts';
import { defaultSource } from '@weir/core/plan/source-plan.ts';
import { keyTextOf } from '@weir/core/plan/key-text.ts';
import { Cursor } from '@weir/core/language/epl/cursor.ts';
import { takeSpan } from '@weir/core/language/epl/spans-of-time.ts';
import type { CompiledRule } from '@weir/core/language/compile.ts';
import type { TestSyntax } from '@weir/core/language/epl/syntax.ts';
import type {
  AlertChange,
  FrameFromEngine,
  FrameToEngine,
  Json,
  Result,
  SourcePlan,
} from '@weir/core';
import { makeHost } from '@weir/runtime';
import type { Loaded } from './load.ts';
import { changesOf } from './load.ts';

export interface TestOutcome {
  readonly rule: string;
  readonly test: string;
  readonly isPassed: boolean;
  /** Did anything come out? */
  readonly fired: boolean;
  readonly message: string;
}

type Fields = { readonly [name: string]: Json };

/** When the first event of a test happens, if nothing says so: 2026-01-01T00:00:00Z. */
const TEST_BEGINS_AT = 1_767_225_600_000;
const AT = 'weir_test_at';
const ARRIVED_AT = 'weir_test_arrived_at';
const NO_EMPTY: ReadonlySet<string> = new Set();

/** Runs one TEST of a rule through the engine that runs rules. */
export function runTest(rule: CompiledRule, test: TestSyntax, loaded: Loaded): TestOutcome {
  const { results, alerts, errors } = run(rule, test, loaded);
  const message = judge(test.expect, results, alerts);
  const said = errors.length > 0 ? `${message}; ${errors[0]}` : message;
  return {
    rule: rule.plan.name,
    test: test.name,
    isPassed: message === '',
    fired: results.length > 0,
    message: message === '' ? '' : said,
  };
}

function run(
  rule: CompiledRule,
  test: TestSyntax,
  loaded: Loaded,
): { results: Result[]; alerts: number; errors: string[] } {
  const core = openCore(makeHost());
  const out: FrameFromEngine[] = [];
  const send = (frame: FrameToEngine): void => void out.push(...core.receive(frame));
  const plan = { ...rule.plan, facts: { ...rule.plan.facts, status: 'enabled' as const } };
  const base = sourceFor(rule, loaded.sources.sources);
  const streams = streamsOf(test, base);
  const sources = [...new Set([...streams.map(({ source }) => source)])].map((name) =>
    testSource(loaded.sources.sources.find((one) => one.name === name) ?? { ...base, name }),
  );
  send({ type: 'open', from: 0, to: 128 });
  for (const change of changesOf(loaded)) {
    if (change.kind === 'list') send({ type: 'change', change });
    else if (change.kind === 'sources')
      send({
        type: 'change',
        change: { kind: 'sources', sources: { ...change.sources, sources } },
      });
    else send({ type: 'change', change: { kind: 'rules', plan: { format: 1, rules: [plan] } } });
  }
  send({
    type: 'start',
    partitions: sources.map(({ name }) => ({ source: name, partition: 'test' })),
  });
  streams.forEach(({ source, record }, i) => {
    const bytes = new TextEncoder().encode(JSON.stringify(record));
    send({
      type: 'batch',
      source,
      partition: 'test',
      numbers: Float64Array.of(i + 1),
      arrivedAt: Float64Array.of(Number.NaN),
      starts: Int32Array.of(0),
      lengths: Int32Array.of(bytes.length),
      bytes,
    });
  });
  send({ type: 'finish' });
  return collected(out);
}

function collected(out: readonly FrameFromEngine[]): {
  results: Result[];
  alerts: number;
  errors: string[];
} {
  const results: Result[] = [];
  const alerts = new Map<string, AlertChange>();
  const errors: string[] = [];
  let simple = 0;
  for (const frame of out) {
    if (frame.type === 'results')
      for (const { change, result } of frame.changes)
        if (change === 'final') {
          results.push(result);
          if (Object.keys(result.key).length === 0 && result.end === result.start + 1) simple++;
        }
    if (frame.type === 'alerts')
      for (const change of frame.changes) alerts.set(change.alert.handle, change);
    if (frame.type === 'errors')
      errors.push(...frame.errors.map(({ clause, message }) => `${clause}: ${message}`));
  }
  const living = [...alerts.values()].filter(
    ({ change, alert }) => change !== 'withdraw' && alert.mergedInto === null,
  ).length;
  return { results, alerts: alerts.size > 0 ? living : simple, errors };
}

/** The first declared source that does not contradict the rule's SOURCES. */
function sourceFor({ plan }: CompiledRule, sources: readonly SourcePlan[]): SourcePlan {
  const named = plan.sources.find(({ path }) => path.length === 1 && path[0] === '$source')
    ?.values[0];
  if (named !== undefined)
    return sources.find(({ name }) => name === named) ?? { ...defaultSource, name: named };
  const fits = (source: SourcePlan): boolean =>
    plan.sources.every(({ path, values }) => {
      const name = path.join('.');
      const text = Object.hasOwn(source.fields, name)
        ? keyTextOf(source.fields[name], NO_EMPTY)
        : null;
      return text === null || values.includes(text);
    });
  return (
    sources.find((source) => fits(source) && Object.keys(source.fields).length > 0) ??
    sources.find(fits) ??
    defaultSource
  );
}

/** Times of a test stand in fields of their own, whatever the source's events look like. */
function testSource(source: SourcePlan): SourcePlan {
  const time = (name: string): SourcePlan['time'] => ({
    paths: [[name]],
    format: null,
    zone: 'UTC',
  });
  return {
    ...source,
    identity: [],
    partition: null,
    tenant: { kind: 'constant', name: 'test' },
    time: time(AT),
    arrivedAt: time(ARRIVED_AT),
  };
}

function streamsOf({ events }: TestSyntax, base: SourcePlan): { source: string; record: Fields }[] {
  const readTime = makeTimeReader(base.time);
  const ownTime = (event: Fields): number => {
    for (const path of base.time.paths) {
      const at = readTime(event[path.join('.')]);
      if (!Number.isNaN(at)) return at;
    }
    return Number.NaN;
  };
  let first = Number.NaN;
  return events.map((event, i) => {
    const { $at, $source, $arrivedAt, ...fields } = event;
    const begin = Number.isNaN(first) ? TEST_BEGINS_AT : first;
    let at = $at === undefined ? ownTime(fields) : testTime($at, begin);
    if (Number.isNaN(at) && $at === undefined) at = begin + i * 1000;
    if (Number.isNaN(first)) first = at;
    const arrivedAt = $arrivedAt === undefined ? at : testTime($arrivedAt, begin);
    return {
      source: typeof $source === 'string' ? $source : base.name,
      record: {
        ...fields,
        ...(Number.isNaN(at) ? {} : { [AT]: at }),
        ...(Number.isNaN(arrivedAt) ? {} : { [ARRIVED_AT]: arrivedAt }),
      },
    };
  });
}

const readIso = makeTimeReader({ paths: [], format: null, zone: 'UTC' });

/** ms, ISO 8601, or `'10s'` after the first. */
function testTime(value: Json, first: number): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Number.NaN;
  const iso = readIso(value);
  if (!Number.isNaN(iso)) return iso;
  try {
    const isBefore = value.startsWith('-');
    const cursor = new Cursor(isBefore ? value.slice(1) : value);
    const ms = takeSpan(cursor, 0);
    return cursor.done ? first + (isBefore ? -ms : ms) : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** '' if all is as expected, else what is not. */
function judge(expect: TestSyntax['expect'], results: readonly Result[], alerts: number): string {
  if (expect.kind === 'results')
    return results.length === expect.count
      ? ''
      : `expected ${expect.count} results, got ${results.length}`;
  if (expect.kind === 'alerts')
    return alerts === expect.count ? '' : `expected ${expect.count} alerts, got ${alerts}`;
  const left = [...results];
  for (const wanted of expect.results) {
    const index = left.findIndex((result) =>
      Object.entries(wanted).every(([name, value]) => holds(fieldOf(result, name), value)),
    );
    if (index < 0)
      return `no result is like ${JSON.stringify(wanted)}; got ${JSON.stringify(results.map(({ key, count, measures, fields }) => ({ key, count, measures, fields }))).slice(0, 600)}`;
    left.splice(index, 1);
  }
  return left.length === 0
    ? ''
    : `${left.length} more results than expected, such as ${JSON.stringify(left[0]).slice(0, 300)}`;
}

/** A result's own fact, else its key, its fields, its measures. */
function fieldOf(result: Result, name: string): Json | undefined {
  const facts = result as unknown as Fields;
  if (Object.hasOwn(facts, name)) return facts[name];
  for (const part of [result.key, result.fields, result.measures])
    if (Object.hasOwn(part, name)) return part[name];
  return undefined;
}

function holds(value: Json | undefined, wanted: Json): boolean {
  if (typeof wanted !== 'object' || wanted === null) return value === wanted;
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(wanted))
    return false;
  if (Array.isArray(wanted))
    return (
      wanted.length === (value as readonly Json[]).length &&
      wanted.every((one, i) => holds((value as readonly Json[])[i], one as Json))
    );
  return Object.entries(wanted).every(([name, one]) => holds((value as Fields)[name], one as Json));
}
