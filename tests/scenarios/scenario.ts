import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { compile, type Compiled } from '../../packages/core/src/language/compile.ts';
import { readConfig } from '../../packages/core/src/language/config/config.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { Result } from '../../packages/core/src/plan/result.ts';
import type { ListKind, SourcesPlan } from '../../packages/core/src/plan/source-plan.ts';
import type { Delivery } from '../reference/events.ts';
import type { ReferenceList } from '../reference/lists.ts';
import type { FinalAlert } from '../reference/results.ts';

/** Scenario seconds are counted from here: a whole minute, hour and day. */
export const BASE = Date.UTC(2026, 0, 1);

type Fields = { readonly [name: string]: Json };

/** As written in a file: rules, events in the order of arrival, and what must come out. */
interface Written {
  readonly scenario: string;
  /** A `weir.yaml`; default: one source `events` whose time is the field `t`, with no bound. */
  readonly sources?: string;
  readonly lists?: Readonly<
    Record<
      string,
      { readonly kind: ListKind; readonly rows: readonly (string | readonly [string, string])[] }
    >
  >;
  /** EPL. */
  readonly rules?: string;
  /** Sigma. */
  readonly sigma?: string;
  /** `$at`: seconds, becomes the field `t`; `$arrived`: seconds; `$source`, `$partition`; `$raw`: the record as it is. `'@5'` is a time. */
  readonly events: readonly Fields[];
  /** As a set; `start`, `end`, `at` in seconds, `first` and `last` as numbers of events. */
  readonly results: readonly Fields[];
  readonly alerts?: readonly Fields[];
  readonly counts?: Readonly<Record<string, number>>;
}

export interface Scenario {
  readonly name: string;
  readonly compiled: Compiled;
  readonly sources: SourcesPlan;
  readonly lists: readonly ReferenceList[];
  readonly deliveries: readonly Delivery[];
  readonly written: Written;
}

export interface Outcome {
  readonly results: readonly Result[];
  readonly alerts: readonly FinalAlert[];
  readonly counts: Readonly<Record<string, number>>;
}

const folder = dirname(fileURLToPath(import.meta.url));

export function allScenarios(): Scenario[] {
  return globSync(join(folder, '**', '*.yaml'))
    .sort()
    .flatMap((file) =>
      (parseYaml(readFileSync(file, 'utf8')) as Written[]).map((written) =>
        scenarioOf(written, relative(folder, file)),
      ),
    );
}

function scenarioOf(written: Written, file: string): Scenario {
  const name = `${file}: ${written.scenario}`;
  const lists = Object.entries(written.lists ?? {}).map(
    ([list, { kind, rows }]): ReferenceList => ({
      name: list,
      kind,
      rows: rows.map((row) =>
        typeof row === 'string' ? { value: row, note: '' } : { value: row[0], note: row[1] },
      ),
    }),
  );
  const config = readConfig(
    written.sources ?? 'sources: {events: {time: t, bound: 0}}',
    'weir.yaml',
  );
  if (config.diagnostics.length > 0)
    throw new Error(`${name}: ${JSON.stringify(config.diagnostics)}`);
  const sources = {
    ...config.sources,
    lists: lists.map((list) => ({ name: list.name, kind: list.kind, file: `${list.name}.txt` })),
  };
  const files = [
    { name: 'scenario.weir', text: written.rules ?? '' },
    { name: 'scenario.yml', text: written.sigma ?? '' },
  ].filter(({ text }) => text !== '');
  const placeholders = (list: string): readonly string[] | null =>
    lists.find((one) => one.name === list)?.rows.map(({ value }) => value) ?? null;
  const compiled = compile(files, { sources, sigma: { pipelines: [], placeholders } });
  const errors = compiled.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(`${name}: ${JSON.stringify(errors)}`);
  return {
    name,
    compiled,
    sources,
    lists,
    deliveries: deliveriesOf(written.events, sources),
    written,
  };
}

function deliveriesOf(events: readonly Fields[], { sources }: SourcesPlan): Delivery[] {
  const ordinals = new Map<string, number>();
  return events.map(({ $at, $arrived, $source, $partition, $raw, ...fields }) => {
    const source = typeof $source === 'string' ? $source : sources[0]!.name;
    const partition = typeof $partition === 'string' ? $partition : 'p';
    const number = (ordinals.get(`${source} ${partition}`) ?? 0) + 1;
    ordinals.set(`${source} ${partition}`, number);
    const record = { ...(typeof $at === 'number' ? { t: timeOf($at) } : {}), ...fields };
    return {
      source,
      partition,
      number,
      arrivedAt: typeof $arrived === 'number' ? timeOf($arrived) : Number.NaN,
      record: typeof $raw === 'string' ? $raw : JSON.stringify(record, withTimes),
    };
  });
}

const timeOf = (seconds: number): number => BASE + Math.round(seconds * 1000);

const withTimes = (_name: string, value: unknown): unknown =>
  typeof value === 'string' && /^@-?[\d.]+$/.test(value) ? timeOf(Number(value.slice(1))) : value;

/** What is not as the scenario says; '' if all is. */
export function judge({ written }: Scenario, { results, alerts, counts }: Outcome): string {
  const wrong: string[] = [];
  wrong.push(compareSets('results', written.results, results.map(shownResult)));
  if (written.alerts !== undefined)
    wrong.push(compareSets('alerts', written.alerts, alerts.map(shownAlert)));
  for (const [name, number] of Object.entries(written.counts ?? {}))
    if (counts[name] !== number) wrong.push(`${name} is ${counts[name]}, not ${number}`);
  return wrong.filter((one) => one !== '').join('\n');
}

const seconds = (ms: number): number => (ms - BASE) / 1000;

function shownResult({ start, end, at, first, last, ...result }: Result): Fields {
  return {
    ...result,
    start: seconds(start),
    end: seconds(end),
    at: seconds(at),
    first: first.map(({ number }) => number),
    last: last.map(({ number }) => number),
  } as unknown as Fields;
}

function shownAlert({ firstAt, lastAt, results, ...alert }: FinalAlert): Fields {
  return {
    ...alert,
    firstAt: seconds(firstAt),
    lastAt: seconds(lastAt),
    results: results.length,
  } as unknown as Fields;
}

function compareSets(what: string, expected: readonly Fields[], actual: readonly Fields[]): string {
  const left = [...actual];
  for (const wanted of expected) {
    const index = left.findIndex((one) => holds(one, wanted));
    if (index < 0)
      return `no ${what} like ${JSON.stringify(wanted)} among ${JSON.stringify(actual)}`;
    left.splice(index, 1);
  }
  return left.length === 0 ? '' : `more ${what} than expected: ${JSON.stringify(left)}`;
}

/** Does `value` have everything that `wanted` has? Lists are compared whole. */
function holds(value: Json | undefined, wanted: Json): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted))
    return JSON.stringify(value) === JSON.stringify(wanted);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(wanted).every(([name, one]) => holds((value as Fields)[name], one as Json));
}
