// Promises of this file:
//   A1  Order-free: the same events give the same bits in any order of arrival.
//   A2  What was added can be taken out again, oldest first, so a sliding window costs the same for each event
//       whatever its length; only `values`, `min` and `max` look at the window again.
import type { AggregatePlan } from '../../plan/plan.ts';
import type { Json } from '../../plan/json.ts';
import { keyTextOf } from '../../plan/key-text.ts';
import { numberOf } from '../../plan/number-of.ts';
import { ExactSum, doubleFrom, unitsOf } from './exact-sum.ts';
import type { HeldEvent } from './held-event.ts';

/** One aggregate over a window: a run of events in event order, `events[from, to)`. */
export interface Aggregate {
  add(event: HeldEvent): void;
  /** Takes out the oldest event. */
  remove(event: HeldEvent): void;
  value(window: WindowOfEvents): Json | undefined;
}

/** The events that were added and not removed, in event order. */
export interface WindowOfEvents {
  readonly events: readonly HeldEvent[];
  readonly from: number;
  readonly to: number;
  /** Milliseconds that `rate` counts over; null: from first to last event. */
  readonly rateMs: number | null;
}

const NO_EMPTY_TEXTS: ReadonlySet<string> = new Set();

export function makeAggregate(plan: AggregatePlan): Aggregate {
  const [column] = plan.columns;
  switch (plan.fn) {
    case 'count':
      return column === undefined ? new Count() : new CountOf(column);
    case 'distinct':
      return new Distinct(plan.columns);
    case 'sum':
      return new Sum(column!);
    case 'avg':
      return new Average(column!);
    case 'stddev':
      return new Deviation(column!);
    case 'min':
      return new Extreme(column!, (a, b) => a < b);
    case 'max':
      return new Extreme(column!, (a, b) => a > b);
    case 'percentile':
      return new Percentile(column!, plan.parameter!);
    case 'first':
      return new Edge(column!, 'first');
    case 'last':
      return new Edge(column!, 'last');
    case 'rate':
      return new Rate();
    case 'values':
      return new Values(column!, plan.parameter!);
    case 'top':
      return new Top(column!, plan.parameter!);
  }
}

class Count implements Aggregate {
  #count = 0;
  add(): void {
    this.#count++;
  }
  remove(): void {
    this.#count--;
  }
  value(): number {
    return this.#count;
  }
}

class CountOf implements Aggregate {
  #count = 0;
  readonly #column: number;
  constructor(column: number) {
    this.#column = column;
  }
  add(event: HeldEvent): void {
    if (event.columns[this.#column]) this.#count++;
  }
  remove(event: HeldEvent): void {
    if (event.columns[this.#column]) this.#count--;
  }
  value(): number {
    return this.#count;
  }
}

class Distinct implements Aggregate {
  readonly #columns: readonly number[];
  readonly #counts = new Map<string, number>();
  constructor(columns: readonly number[]) {
    this.#columns = columns;
  }
  #text(event: HeldEvent): string | null {
    if (this.#columns.length === 1)
      return keyTextOf(event.columns[this.#columns[0]!], NO_EMPTY_TEXTS);
    const texts: string[] = [];
    for (const column of this.#columns) {
      const text = keyTextOf(event.columns[column], NO_EMPTY_TEXTS);
      if (text === null) return null;
      texts.push(text);
    }
    return JSON.stringify(texts);
  }
  add(event: HeldEvent): void {
    const text = this.#text(event);
    if (text !== null) this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }
  remove(event: HeldEvent): void {
    const text = this.#text(event);
    if (text === null) return;
    const count = this.#counts.get(text)!;
    if (count === 1) this.#counts.delete(text);
    else this.#counts.set(text, count - 1);
  }
  value(): number {
    return this.#counts.size;
  }
}

/** Values of a column that count as numbers, summed exactly. */
class Sum implements Aggregate {
  protected readonly sum = new ExactSum();
  protected count = 0;
  protected readonly column: number;
  constructor(column: number) {
    this.column = column;
  }
  add(event: HeldEvent): void {
    const number = numberOf(event.columns[this.column]);
    if (number === undefined) return;
    this.sum.add(number);
    this.count++;
  }
  remove(event: HeldEvent): void {
    const number = numberOf(event.columns[this.column]);
    if (number === undefined) return;
    this.sum.remove(number);
    this.count--;
  }
  value(_window: WindowOfEvents): Json | undefined {
    return this.sum.value;
  }
}

class Average extends Sum {
  override value(): Json | undefined {
    return this.count === 0 ? undefined : this.sum.value / this.count;
  }
}

/** Of the population: sqrt(n * sum(v^2) - sum(v)^2) / n, the difference exact and rounded once. */
class Deviation extends Sum {
  #squares = 0n;
  override add(event: HeldEvent): void {
    super.add(event);
    this.#square(event, 1n);
  }
  override remove(event: HeldEvent): void {
    super.remove(event);
    this.#square(event, -1n);
  }
  #square(event: HeldEvent, sign: bigint): void {
    const number = numberOf(event.columns[this.column]);
    if (number !== undefined) this.#squares += sign * unitsOf(number) ** 2n;
  }
  override value(): Json | undefined {
    const n = this.count;
    if (n === 0) return undefined;
    const sum = this.sum.exact;
    // Squares are in units of 2^-2148: dividing by 2^1074 brings them to those of doubleFrom.
    const numerator = BigInt(n) * this.#squares - sum * sum;
    return Math.sqrt(doubleFrom(numerator, 1n << 1074n) / (n * n));
  }
}

class Extreme implements Aggregate {
  readonly #column: number;
  readonly #better: (a: number, b: number) => boolean;
  constructor(column: number, better: (a: number, b: number) => boolean) {
    this.#column = column;
    this.#better = better;
  }
  add(): void {}
  remove(): void {}
  value({ events, from, to }: WindowOfEvents): Json | undefined {
    let best: number | undefined;
    for (let i = from; i < to; i++) {
      const number = numberOf(events[i]!.columns[this.#column]);
      if (number !== undefined && (best === undefined || this.#better(number, best))) best = number;
    }
    return best;
  }
}

/**
 * A logarithmic histogram with 1 % relative error: Masson, Rim, Lee, "DDSketch" (2019), without a limit on buckets.
 * Of a value v > 0 the bucket is ceil(log v / log gamma), its estimate 2 gamma^i / (gamma + 1).
 */
class Percentile implements Aggregate {
  static readonly #gamma = 1.01 / 0.99;
  static readonly #logGamma = Math.log(Percentile.#gamma);
  readonly #column: number;
  readonly #percent: number;
  readonly #positive = new Map<number, number>();
  readonly #negative = new Map<number, number>();
  #zeros = 0;
  #count = 0;
  constructor(column: number, percent: number) {
    this.#column = column;
    this.#percent = percent;
  }
  add(event: HeldEvent): void {
    this.#change(event, 1);
  }
  remove(event: HeldEvent): void {
    this.#change(event, -1);
  }
  #change(event: HeldEvent, by: number): void {
    const number = numberOf(event.columns[this.#column]);
    if (number === undefined) return;
    this.#count += by;
    if (number === 0) this.#zeros += by;
    else {
      const buckets = number > 0 ? this.#positive : this.#negative;
      const bucket = Math.ceil(Math.log(Math.abs(number)) / Percentile.#logGamma);
      const count = (buckets.get(bucket) ?? 0) + by;
      if (count === 0) buckets.delete(bucket);
      else buckets.set(bucket, count);
    }
  }
  value(): Json | undefined {
    if (this.#count === 0) return undefined;
    let rank = Math.max(1, Math.ceil((this.#percent / 100) * this.#count));
    for (const bucket of [...this.#negative.keys()].sort((a, b) => b - a)) {
      rank -= this.#negative.get(bucket)!;
      if (rank <= 0) return -Percentile.#estimate(bucket);
    }
    rank -= this.#zeros;
    if (rank <= 0) return 0;
    for (const bucket of [...this.#positive.keys()].sort((a, b) => a - b)) {
      rank -= this.#positive.get(bucket)!;
      if (rank <= 0) return Percentile.#estimate(bucket);
    }
    return undefined;
  }
  static #estimate(bucket: number): number {
    return (2 * Percentile.#gamma ** bucket) / (Percentile.#gamma + 1);
  }
}

/** The value at the first or last event that has one. */
class Edge implements Aggregate {
  readonly #column: number;
  readonly #which: 'first' | 'last';
  constructor(column: number, which: 'first' | 'last') {
    this.#column = column;
    this.#which = which;
  }
  add(): void {}
  remove(): void {}
  value({ events, from, to }: WindowOfEvents): Json | undefined {
    for (let i = 0; i < to - from; i++) {
      const event = events[this.#which === 'first' ? from + i : to - 1 - i]!;
      const value = event.columns[this.#column];
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

class Rate implements Aggregate {
  add(): void {}
  remove(): void {}
  value({ events, from, to, rateMs }: WindowOfEvents): Json | undefined {
    if (from === to) return 0;
    const spanMs = rateMs ?? Math.max(1000, events[to - 1]!.at - events[from]!.at);
    return (to - from) / (spanMs / 1000);
  }
}

/** The first n different values, in event order. */
class Values implements Aggregate {
  readonly #column: number;
  readonly #limit: number;
  constructor(column: number, limit: number) {
    this.#column = column;
    this.#limit = limit;
  }
  add(): void {}
  remove(): void {}
  value({ events, from, to }: WindowOfEvents): Json | undefined {
    const found = new Map<string, Json>();
    for (let i = from; i < to && found.size < this.#limit; i++) {
      const value = events[i]!.columns[this.#column];
      const text = keyTextOf(value, NO_EMPTY_TEXTS);
      if (text !== null && !found.has(text)) found.set(text, value!);
    }
    return [...found.values()];
  }
}

/** The n most frequent values; of equals the one that came first. */
class Top implements Aggregate {
  readonly #column: number;
  readonly #limit: number;
  constructor(column: number, limit: number) {
    this.#column = column;
    this.#limit = limit;
  }
  add(): void {}
  remove(): void {}
  value({ events, from, to }: WindowOfEvents): Json | undefined {
    const found = new Map<string, { value: Json; count: number }>();
    for (let i = from; i < to; i++) {
      const value = events[i]!.columns[this.#column];
      const text = keyTextOf(value, NO_EMPTY_TEXTS);
      if (text === null) continue;
      const known = found.get(text);
      if (known === undefined) found.set(text, { value: value!, count: 1 });
      else known.count++;
    }
    // Sorting keeps equals in the order in which they came.
    return [...found.values()]
      .sort((a, b) => b.count - a.count)
      .slice(0, this.#limit)
      .map(({ value }) => value);
  }
}
