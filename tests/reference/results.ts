import { createHash } from 'node:crypto';
import type { RuleSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { Alert, EventName, IocHit, Result } from '../../packages/core/src/plan/result.ts';
import { keyTextOf, valueAt } from './paths.ts';
import { callFunction, runForEvent, type Outcome } from './code.ts';
import type { SeenEvent } from './events.ts';
import { plainFrom } from './values.ts';
import type { TrueWindow } from './windows.ts';

type Fields = { readonly [name: string]: Json };

/** One result of what HAVING or SINK returned. `part` tells it from the others of a list. */
interface Returned {
  readonly fields: Fields;
  readonly part: Json;
}

/** The rule at hand and what its results say of it. */
export interface RuleFacts {
  readonly syntax: RuleSyntax;
  readonly id: string;
  readonly version: string;
  /** The version's own times; results are its own by their last event. */
  readonly from: number;
  readonly until: number;
  readonly before: RuleFacts | null;
  /** It goes on with what the version before had seen. */
  readonly isKept: boolean;
}

const idOf = (parts: readonly Json[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** Falsy: none; true: the fields there were; an object: its fields; a list: one for each element that is not falsy. */
function returned(outcome: Outcome, before: Fields): Returned[] {
  if (!('value' in outcome) || !outcome.value) return [];
  if (!Array.isArray(outcome.value))
    return [{ fields: fieldsOf(outcome.value, before), part: null }];
  const all = (outcome.value as unknown[]).flatMap((element, index): Returned[] => {
    if (!element) return [];
    const fields = fieldsOf(element, before);
    const { id } = fields;
    return [
      { fields, part: typeof id === 'string' || typeof id === 'number' ? String(id) : index },
    ];
  });
  // Elements of one id are one result: the first says what it is.
  return all.filter(({ part }, i) => all.findIndex((other) => other.part === part) === i);
}

function fieldsOf(value: unknown, before: Fields): Fields {
  return typeof value === 'object' && !Array.isArray(value) ? (plainFrom(value) as Fields) : before;
}

function sink({ sink: code }: RuleSyntax, copy: Json): Outcome {
  if (code!.names === 'function') return callFunction(code!, [copy]);
  return runForEvent(code!, copy as never);
}

/** The results of a rule that looks at each event alone. */
export function simpleResults(
  rule: RuleFacts,
  event: SeenEvent,
  iocs: readonly IocHit[],
): Result[] {
  const { tenant, partition, number, factAt } = event;
  const found =
    rule.syntax.sink === null
      ? [{ fields: {}, part: null }]
      : returned(sink(rule.syntax, event.whole()), {});
  return found.map(({ fields, part }) => ({
    id: idOf([
      'simple',
      tenant,
      rule.id,
      event.source.name,
      partition,
      number,
      ...(part === null ? [] : [part]),
    ]),
    rule: rule.id,
    version: rule.version,
    tenant,
    severity: rule.syntax.severity,
    key: {},
    start: factAt,
    end: factAt + 1,
    at: factAt,
    timeFrom: event.timeFrom,
    count: 1,
    first: [event.nameAt(factAt)],
    last: [],
    measures: {},
    fields,
    iocs,
  }));
}

/** A result, and the event right after which it stands. */
export interface Standing {
  readonly result: Result;
  readonly trigger: EventName;
  /** Alerts by fields of the event itself: only of simple rules. */
  readonly event: SeenEvent | null;
  /** It is of no use for rules that read results: its event came too late, or had no time of its own. */
  readonly isLate: boolean;
  /** Time of its last event, and whether it is given before its window ends. */
  readonly lastAt: number;
  readonly isEarly: boolean;
}

/** The results of one true window, run or session of a key. */
export function windowResults(
  rule: RuleFacts,
  tenant: string,
  keyTexts: readonly string[],
  window: TrueWindow,
): Standing[] {
  const trigger = window.trigger.event.nameAt(window.trigger.at);
  return resultsOf(rule, tenant, keyTexts, window).map((result) => ({
    result,
    trigger,
    event: null,
    isLate: false,
    lastAt: window.lastAt ?? window.events.at(-1)!.at,
    isEarly: window.isEarly ?? true,
  }));
}

function resultsOf(
  rule: RuleFacts,
  tenant: string,
  keyTexts: readonly string[],
  window: TrueWindow,
): Result[] {
  const { aggregate, sequence, all, join } = rule.syntax;
  const names = ((aggregate ?? sequence ?? all ?? join)!.keys ?? []).map(({ name }) => name);
  const key = Object.fromEntries(names.map((name, i) => [name, keyTexts[i]!]));
  const events = window.events.map(({ event, at }) => event.nameAt(at));
  const { value, measures } = window.judged;
  return returned({ value }, {}).flatMap((fromHaving) => {
    const copy: Json = {
      ...key,
      count: window.count,
      $at: window.at,
      $start: window.start,
      $end: window.end,
      ...fromHaving.fields,
    };
    const found =
      rule.syntax.sink === null
        ? [{ fields: fromHaving.fields, part: null }]
        : returned(sink(rule.syntax, structuredClone(copy)), fromHaving.fields);
    return found.map(({ fields, part }): Result => {
      const parts = [fromHaving.part, part].filter((one) => one !== null);
      return {
        id: idOf([window.kind, tenant, rule.id, [...keyTexts], window.from, ...parts]),
        rule: rule.id,
        version: rule.version,
        tenant,
        severity: rule.syntax.severity,
        key,
        start: window.start,
        end: window.end,
        at: window.at,
        timeFrom: 'event',
        count: window.count,
        first: events.slice(0, 5),
        last: events.slice(Math.max(5, events.length - 5)),
        measures,
        fields,
        iocs: [],
        ...(window.steps === undefined ? {} : { steps: endsOf(window.steps) }),
        ...(window.isCut ? { cut: true as const } : {}),
      };
    });
  });
}

/** As the evidence: the first five and the last five. */
const endsOf = (list: readonly string[]): string[] => [
  ...list.slice(0, 5),
  ...list.slice(Math.max(5, list.length - 5)),
];

/** An alert without its handle: which one it was first given depends on what came first. */
export type FinalAlert = Omit<Alert, 'handle' | 'mergedInto'>;

/** The values by which the results of a rule are put together to alerts. */
function alertTexts({ syntax }: RuleFacts, { result, event }: Standing): Record<string, string> {
  const { alert, aggregate, sequence, all, join } = syntax;
  if (alert === null) return { ...result.key };
  const isSimple = (aggregate ?? sequence ?? all ?? join) === null;
  return Object.fromEntries(
    alert.fields.map(({ path }) => {
      const name = path.join('.');
      const own = valueAt(
        isSimple ? result.fields : { count: result.count, ...result.fields },
        path,
      );
      const value = Object.hasOwn(result.key, name) ? result.key[name] : own;
      return [name, keyTextOf(value ?? event?.get(path), []) ?? ''];
    }),
  );
}

/** The alerts of one rule: results of equal values at most `forMs` apart, in the order in which they begin. */
export function alertsOf(
  rule: RuleFacts,
  standings: readonly Standing[],
  { forMs, maxMs }: { readonly forMs: number; readonly maxMs: number },
): FinalAlert[] {
  const byKey = Map.groupBy(standings, (one) =>
    JSON.stringify([one.result.tenant, alertTexts(rule, one)]),
  );
  return [...byKey.values()].flatMap((own) =>
    alertsOfKey(
      own.map(({ result }) => result),
      alertTexts(rule, own[0]!),
      forMs,
      maxMs,
    ),
  );
}

function alertsOfKey(
  results: readonly Result[],
  key: Record<string, string>,
  forMs: number,
  maxMs: number,
): FinalAlert[] {
  const extent = (result: Result): readonly [number, number] => [
    result.first[0]!.at,
    // An absence is over at its deadline.
    Math.max((result.last.at(-1) ?? result.first.at(-1)!).at, result.at),
  ];
  const ordered = results.toSorted(
    (a, b) => extent(a)[0] - extent(b)[0] || extent(a)[1] - extent(b)[1] || (a.id < b.id ? -1 : 1),
  );
  const groups: Result[][] = [];
  for (const result of ordered) {
    const group = groups.at(-1);
    const lastAt = Math.max(...(group ?? []).map((one) => extent(one)[1]));
    const joins =
      group !== undefined &&
      extent(result)[0] - lastAt <= forMs &&
      extent(result)[0] < extent(group[0]!)[0] + maxMs;
    if (joins) group.push(result);
    else groups.push([result]);
  }
  return groups.map((group) => ({
    rule: group[0]!.rule,
    tenant: group[0]!.tenant,
    severity: group[0]!.severity,
    key,
    firstAt: extent(group[0]!)[0],
    lastAt: Math.max(...group.map((one) => extent(one)[1])),
    results: group.map(({ id }) => id),
    count: group.reduce((sum, { count }) => sum + count, 0),
  }));
}
