import type { Json } from '../../plan/json.ts';
import type { EarlyPlan, WindowDetectPlan } from '../../plan/plan.ts';
import { makeAggregate, type Aggregate } from './aggregates.ts';
import { compareScalars } from '../time/event-order.ts';
import type { HeldEvent } from './held-event.ts';
import { plainElementsFrom, plainValueFrom } from './plain-value.ts';
import { RowReader } from './row-reader.ts';

/** What HAVING said of a window: never a falsy value. */
export interface Judged {
  readonly value: Json;
  readonly measures: Readonly<Record<string, Json>>;
}

/** Rule code threw: the window gives no result, and the rule's author hears of it. */
export class HavingFailed {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

export type HavingCode = (input: never) => unknown;

/** Judges windows of one rule. `code` is the instantiated HAVING, which throws what rule code throws. */
export class Having {
  readonly #plan: WindowDetectPlan;
  readonly #code: HavingCode | null;
  readonly early: EarlyPlan | null;
  /** No window with fewer events can be true. */
  readonly eventsMin: number;

  constructor(plan: WindowDetectPlan, code: HavingCode | null) {
    this.#plan = plan;
    this.#code = code;
    this.early = plan.having.kind === 'aggregates' ? plan.having.early : null;
    this.eventsMin = this.early === null ? 1 : Math.max(1, leastEvents(this.early, plan));
  }

  /** May a result be shown before its window has ended? */
  get isEarly(): boolean {
    return this.early !== null || this.#plan.having.kind === 'always';
  }

  get usesPrevious(): boolean {
    const { having } = this.#plan;
    return (
      having.kind === 'aggregates' && having.aggregates.some((aggregate) => aggregate.previous)
    );
  }

  /** A judge that events are fed to in event order and taken from again, oldest first. */
  start(rateMs: number | null): WindowJudge {
    return new WindowJudge(this.#plan, this.#code, rateMs);
  }
}

/** The least number of events with which an early condition can hold. */
function leastEvents(early: EarlyPlan, plan: WindowDetectPlan): number {
  if (early.kind === 'and') return Math.max(...early.of.map((part) => leastEvents(part, plan)));
  if (early.kind === 'or') return Math.min(...early.of.map((part) => leastEvents(part, plan)));
  if (plan.having.kind !== 'aggregates') return 1;
  const { fn, previous } = plan.having.aggregates[early.aggregate]!;
  if (previous || (fn !== 'count' && fn !== 'distinct')) return 1;
  return early.kind === 'at-least' ? Math.ceil(early.than) : Math.floor(early.than) + 1;
}

export class WindowJudge {
  readonly #plan: WindowDetectPlan;
  readonly #code: HavingCode | null;
  readonly #rateMs: number | null;
  readonly #aggregates: readonly Aggregate[];

  constructor(plan: WindowDetectPlan, code: HavingCode | null, rateMs: number | null) {
    this.#plan = plan;
    this.#code = code;
    this.#rateMs = rateMs;
    this.#aggregates =
      plan.having.kind === 'aggregates' ? plan.having.aggregates.map(makeAggregate) : [];
  }

  add(event: HeldEvent): void {
    for (const aggregate of this.#aggregates) aggregate.add(event);
  }

  remove(event: HeldEvent): void {
    for (const aggregate of this.#aggregates) aggregate.remove(event);
  }

  /** Does the early condition hold for what was added so far? Only for rules that have one. */
  holds(early: EarlyPlan, events: readonly HeldEvent[], from: number, to: number): boolean {
    if (early.kind === 'and') return early.of.every((part) => this.holds(part, events, from, to));
    if (early.kind === 'or') return early.of.some((part) => this.holds(part, events, from, to));
    const value = this.#aggregates[early.aggregate]!.value({
      events,
      from,
      to,
      rateMs: this.#rateMs,
    });
    return early.kind === 'at-least'
      ? (value as number) >= early.than
      : (value as number) > early.than;
  }

  /**
   * Judges `events[from, to)`, which were added. `previous` gives the values of the window one slide earlier.
   * null: not true. Throws what rule code throws.
   */
  judge(
    events: readonly HeldEvent[],
    from: number,
    to: number,
    previous: readonly (Json | undefined)[] | null,
  ): Judged | null {
    const { having, sort } = this.#plan;
    if (having.kind === 'always') return { value: true, measures: {} };
    if (having.kind === 'events') {
      const ordered =
        sort.length === 0 ? events.slice(from, to) : sorted(events.slice(from, to), sort);
      const readers = ordered.map(
        (event) => new RowReader(event, having.reads, having.code.paths, this.#plan.columns),
      );
      const value = this.#code!(readers as never);
      return value ? { value: kept(value), measures: {} } : null;
    }
    const values = this.values(events, from, to);
    having.aggregates.forEach((aggregate, i) => {
      if (aggregate.previous) values[i] = previous?.[i];
    });
    const value = this.#code!(values as never);
    if (!value) return null;
    const measures: Record<string, Json> = {};
    having.aggregates.forEach((aggregate, i) => (measures[aggregate.text] = values[i] ?? null));
    return { value: kept(value), measures };
  }

  /** The value of each aggregate over `events[from, to)`, which were added. */
  values(events: readonly HeldEvent[], from: number, to: number): (Json | undefined)[] {
    return this.#aggregates.map((aggregate) =>
      aggregate.value({ events, from, to, rateMs: this.#rateMs }),
    );
  }
}

function sorted(events: HeldEvent[], sort: WindowDetectPlan['sort']): HeldEvent[] {
  return events
    .map((event, order) => ({ event, order }))
    .sort((a, b) => {
      for (const { column, descending } of sort) {
        const order = compareValues(a.event.columns[column], b.event.columns[column], descending);
        if (order !== 0) return order;
      }
      return a.order - b.order;
    })
    .map(({ event }) => event);
}

/** What a run carries from look to look, and from one life of the engine to the next, is plain data of its own. */
export function kept(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return true;
  if (!Array.isArray(value)) return plainValueFrom(value);
  return plainElementsFrom(value);
}

/** In the order of event numbers; missing last in both directions. */
function compareValues(a: Json | undefined, b: Json | undefined, descending: boolean): number {
  const left = a ?? null;
  const right = b ?? null;
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  const order = compareScalars(left, right);
  return descending ? -order : order;
}
