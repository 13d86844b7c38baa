import type { Json, Path } from '../../packages/core/src/plan/json.ts';
import {
  defaultSource,
  type SourcePlan,
  type SourcesPlan,
} from '../../packages/core/src/plan/source-plan.ts';
import type { EventName } from '../../packages/core/src/plan/result.ts';
import { isObject, keyTextOf, parseRecord, valueAt } from './paths.ts';
import { kindOf, valueThrough, type EventKind } from './view.ts';
import { readTime } from './time.ts';
import type { EventValue } from './values.ts';

/** One record as it arrived. */
export interface Delivery {
  readonly source: string;
  /** The stream or file. */
  readonly partition: string;
  /** Ordinal of the record in it. */
  readonly number: number;
  /** When it was received, ms; NaN: not stamped (files). */
  readonly arrivedAt: number;
  readonly record: string;
}

type Fields = { readonly [name: string]: Json };

const FACTS: ReadonlySet<string> = new Set([
  '$at',
  '$arrivedAt',
  '$source',
  '$tenant',
  '$id',
  '$product',
  '$service',
  '$category',
  '$rule',
  '$tag',
  '$severity',
  '$start',
  '$end',
]);

/** An event: what was received, and what is known of it besides. */
export class SeenEvent implements EventValue {
  readonly isEvent = true;
  readonly source: SourcePlan;
  readonly tenant: string;
  readonly partition: string;
  readonly number: Json;
  readonly hasDeclaredNumber: boolean;
  /** The time that the event itself gives, ms; NaN: none that can be read. */
  readonly ownAt: number;
  readonly arrivedAt: number;
  readonly timeFrom: 'event' | 'arrival';
  readonly #fields: Fields;
  readonly #kind: EventKind;

  /** `highestAt`: the partition's highest time so far, for files that say nothing of arrival. */
  constructor(
    delivery: Delivery,
    fields: Fields,
    source: SourcePlan,
    highestAt: (partition: string) => number,
  ) {
    this.#fields = fields;
    this.source = source;
    this.#kind = kindOf(source, (path) => this.#own(path));
    this.partition = source.partition === null ? delivery.partition : this.#text(source.partition);
    this.tenant =
      source.tenant.kind === 'constant' ? source.tenant.name : this.#text(source.tenant.path);
    const declared = declaredNumber(source.identity.map((path) => this.#read(path)));
    this.hasDeclaredNumber = declared !== null;
    this.number = declared ?? delivery.number;
    this.ownAt = this.#firstTime(source.time);
    this.arrivedAt = this.#arrival(delivery.arrivedAt, highestAt(this.partition));
    this.timeFrom = Number.isNaN(this.ownAt) || this.isFromFuture(this.ownAt) ? 'arrival' : 'event';
  }

  /** `$at`: where the event stands for rules that ignore time. */
  get factAt(): number {
    return this.timeFrom === 'event' ? this.ownAt : this.arrivedAt;
  }

  isFromFuture(at: number): boolean {
    return at > this.arrivedAt + 5 * 60_000;
  }

  get(path: Path): Json | undefined {
    // No event can forge a fact.
    if (path.length === 1 && FACTS.has(path[0]!)) return this.#facts()[path[0]!];
    return this.#read(path);
  }

  whole(): Json {
    return structuredClone({ ...this.#fields, ...this.source.fields });
  }

  /** Texts of a key; `each`: of the elements of a list. Empty: no key. */
  keyTexts(value: Json | undefined, each: boolean): readonly string[] {
    const elements = each && Array.isArray(value) ? (value as Json[]) : [value];
    const texts = elements
      .map((one) => keyTextOf(one, this.source.empty))
      .filter((text) => text !== null);
    return [...new Set(texts)].slice(0, 100);
  }

  /** The name of the event for a rule whose time of it is `at`. */
  nameAt(at: number): EventName {
    return { source: this.source.name, partition: this.partition, number: this.number, at };
  }

  /** The time of a clock: the source's own, or that of a field. NaN: none that can be read. */
  timeOf(using: Path | null): number {
    if (using === null) return this.ownAt;
    if (using.length === 1 && using[0] === '$arrivedAt') return this.arrivedAt;
    const { format, zone } = this.source.time;
    const value = this.get(using);
    const asSource = readTime(value, { paths: [], format, zone });
    return Number.isNaN(asSource) ? readTime(value, { paths: [], format: null, zone }) : asSource;
  }

  #facts(): Readonly<Record<string, Json>> {
    const { factAt, arrivedAt, tenant, number } = this;
    return {
      $at: factAt,
      $arrivedAt: arrivedAt,
      $source: this.source.name,
      $tenant: tenant,
      $id: number,
      ...this.#logSource(),
    };
  }

  #logSource(): Readonly<Record<string, Json>> {
    const { product, service, categories } = this.#kind;
    return {
      ...(product === null ? {} : { $product: product }),
      ...(service === null ? {} : { $service: service }),
      ...(categories.length === 0 ? {} : { $category: categories }),
    };
  }

  /** Constant fields of the source win; names that only this kind of event has come last. */
  #read(path: Path): Json | undefined {
    const own = this.#own(path);
    const other = this.#kind.names.get(path.join('.'));
    return own === undefined && other !== undefined ? this.#own(other) : own;
  }

  #own(path: Path): Json | undefined {
    const { view, fields } = this.source;
    const constant = valueAt(fields, path);
    if (constant !== undefined) return constant;
    return view === null ? valueAt(this.#fields, path) : valueThrough(view, this.#fields, path);
  }

  #text(path: Path): string {
    return keyTextOf(this.#read(path), []) ?? '';
  }

  #firstTime(plan: SourcePlan['time']): number {
    const times = plan.paths.map((path) => readTime(this.#read(path), plan));
    return times.find((time) => !Number.isNaN(time)) ?? Number.NaN;
  }

  #arrival(stamped: number, highestAt: number): number {
    if (!Number.isNaN(stamped)) return stamped;
    const declared =
      this.source.arrivedAt === null ? Number.NaN : this.#firstTime(this.source.arrivedAt);
    if (!Number.isNaN(declared)) return declared;
    return Number.isNaN(this.ownAt) ? Math.max(0, highestAt) : this.ownAt;
  }
}

/** The declared identity: one value or a list; null if a part is missing. */
function declaredNumber(parts: readonly (Json | undefined)[]): Json {
  if (
    parts.length === 0 ||
    parts.some((part) => part === undefined || part === null || part === '')
  )
    return null;
  const values = (parts as Json[]).map((part) =>
    isObject(part) || Array.isArray(part) ? JSON.stringify(part) : part,
  );
  return values.length === 1 ? values[0]! : values;
}

/** The declared source of a name, or one with the defaults. */
export function sourceNamed(sources: SourcesPlan, name: string): SourcePlan {
  return sources.sources.find((source) => source.name === name) ?? { ...defaultSource, name };
}

/** The event of a delivery; null if it cannot be decoded. */
export function eventFrom(
  delivery: Delivery,
  sources: SourcesPlan,
  highestAt: (partition: string) => number,
): SeenEvent | null {
  const fields = parseRecord(delivery.record);
  return fields === null
    ? null
    : new SeenEvent(delivery, fields, sourceNamed(sources, delivery.source), highestAt);
}
