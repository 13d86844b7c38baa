import { readerMark, type EventReader } from '../plan/event-reader.ts';
import type { Json, Path } from '../plan/json.ts';
import { valueAtPath } from '../plan/path-value.ts';
import type { ByteWriter } from '../state/byte-writer.ts';
import type { ViewPlan } from '../plan/view-plan.ts';
import { valueThrough } from '../plan/view-value.ts';
import { decodeValue } from './json-text.ts';
import type { DecodedBatch } from './record-batch.ts';

const FACTS = [
  '$at',
  '$arrivedAt',
  '$source',
  '$tenant',
  '$id',
  '$product',
  '$service',
  '$category',
  // Of results only.
  '$rule',
  '$tag',
  '$severity',
  '$start',
  '$end',
] as const;
const QUOTE = 34;
/** Longer texts are checked by whoever reads them. */
const COPIED_MAX = 100;
const LOG_SOURCE = FACTS.indexOf('$product');

const NO_BATCH: DecodedBatch = {
  bytes: new Uint8Array(0),
  count: 0,
  index: new Int32Array(0),
  starts: new Int32Array(0),
  ends: new Int32Array(0),
  spans: new Int32Array(0),
  width: 0,
  setAside: [],
};

/** One event of a decoded batch at a time: a field is decoded when it is first read. Making one costs, moving it does not. */
export class EventView implements EventReader {
  readonly [readerMark] = true;
  readonly #paths: readonly Path[];
  /** Facts that somebody reads: slot, and index into FACTS. */
  readonly #factSlots: readonly { readonly slot: number; readonly fact: number }[];
  readonly #facts: (Json | undefined)[] = FACTS.map(() => undefined);
  #constants: readonly (readonly [slot: number, value: Json])[] = [];
  #batch = NO_BATCH;
  #record = 0;
  #spanBase = 0;
  /** Rises with every event: what was decoded for an older one is stale. */
  #stamp = 0;
  readonly #stamps: Float64Array;
  #whole: Json = null;
  #wholeStamp = -1;
  readonly #values: (Json | undefined)[];

  readonly #view: ViewPlan | null;
  /** By slot: another slot that is read where this one has no value. */
  #aliases: Int32Array | null = null;

  constructor(paths: readonly Path[], view: ViewPlan | null = null) {
    this.#paths = [...paths];
    this.#view = view;
    this.#factSlots = FACTS.map((name, fact) => ({
      slot: paths.findIndex((path) => path.length === 1 && path[0] === name),
      fact,
    })).filter(({ slot }) => slot >= 0);
    this.#stamps = new Float64Array(paths.length);
    this.#values = paths.map(() => undefined);
  }

  /** Constant fields of the source that the coming events are of; they win over the event's own. */
  setConstants(constants: readonly (readonly [slot: number, value: Json])[]): void {
    this.#constants = constants;
  }

  moveTo(batch: DecodedBatch, record: number): void {
    this.#batch = batch;
    this.#record = record;
    this.#spanBase = record * batch.width * 2;
    this.#stamp++;
    this.#aliases = null;
    for (const [slot, value] of this.#constants) this.#set(slot, value);
    // No event can forge a fact.
    for (const { slot } of this.#factSlots) this.#set(slot, undefined);
  }

  setFacts(at: number, arrivedAt: number, source: string, tenant: string, number: Json): void {
    const facts = this.#facts;
    facts[0] = at;
    facts[1] = arrivedAt;
    facts[2] = source;
    facts[3] = tenant;
    facts[4] = number;
    for (const { slot, fact } of this.#factSlots) this.#set(slot, facts[fact]);
  }

  /** What kind of event this is. Told before the facts. */
  setClass(kind: {
    readonly product: string | null;
    readonly service: string | null;
    readonly categories: readonly string[];
    readonly aliases: Int32Array | null;
  }): void {
    const { product, service, categories, aliases } = kind;
    this.#facts[LOG_SOURCE] = product ?? undefined;
    this.#facts[LOG_SOURCE + 1] = service ?? undefined;
    this.#facts[LOG_SOURCE + 2] = categories.length === 0 ? undefined : categories;
    this.#aliases = aliases;
    if (aliases === null) return;
    // What was read before the kind was known was read without its names.
    for (let slot = 0; slot < aliases.length; slot++)
      if (
        aliases[slot]! >= 0 &&
        this.#stamps[slot] === this.#stamp &&
        this.#values[slot] === undefined
      )
        this.#stamps[slot] = -1;
  }

  #set(slot: number, value: Json | undefined): void {
    this.#stamps[slot] = this.#stamp;
    this.#values[slot] = value;
  }

  get(slot: number): Json | undefined {
    if (this.#stamps[slot] === this.#stamp) return this.#values[slot];
    const { spans, bytes } = this.#batch;
    const at = this.#spanBase + slot * 2;
    const start = spans[at]!;
    let value = start < 0 ? undefined : decodeValue(bytes, start, spans[at + 1]!);
    if (value === undefined && this.#aliases !== null) value = this.#alias(slot);
    this.#stamps[slot] = this.#stamp;
    this.#values[slot] = value;
    return value;
  }

  /**
   * Writes what `to.text` writes of the value, where it is a short text that stands in the record as it is; true: it was.
   * No text is made for that.
   */
  copyText(slot: number, to: ByteWriter): boolean {
    if (this.#stamps[slot] === this.#stamp) return false;
    const { spans, bytes } = this.#batch;
    const at = this.#spanBase + slot * 2;
    const start = spans[at]!;
    const length = spans[at + 1]! - start - 2;
    if (start < 0 || bytes[start] !== QUOTE || length < 1 || length > COPIED_MAX) return false;
    return to.ascii(bytes, start + 1, start + 1 + length);
  }

  #alias(slot: number): Json | undefined {
    const other = slot < this.#aliases!.length ? this.#aliases![slot]! : -1;
    return other < 0 ? undefined : this.get(other);
  }

  at(path: Path): Json | undefined {
    const slot = this.#paths.findIndex(
      (known) => known.length === path.length && known.every((step, i) => step === path[i]),
    );
    if (slot >= 0) return this.get(slot);
    const [first = ''] = path;
    if (first.startsWith('$')) {
      const fact = (FACTS as readonly string[]).indexOf(first);
      return fact >= 0 && path.length === 1 ? this.#facts[fact] : undefined;
    }
    return this.#view === null
      ? valueAtPath(this.whole(), path)
      : valueThrough(this.#view, this.whole(), path);
  }

  /** The record, with the source's constant fields on top. Frozen; parsed once for an event, however often it is asked. */
  whole(): Json {
    if (this.#wholeStamp !== this.#stamp) {
      this.#whole = this.#parsed();
      this.#wholeStamp = this.#stamp;
    }
    return this.#whole;
  }

  #parsed(): Json {
    const { bytes, starts, ends } = this.#batch;
    let start = starts[this.#record]!;
    while (bytes[start] !== 123) start++;
    const record = decodeValue(bytes, start, ends[this.#record]!) as {
      readonly [name: string]: Json;
    };
    const copy: Record<string, Json> = { ...record };
    for (const [slot, value] of this.#constants) copy[this.#paths[slot]!.join('.')] = value;
    return Object.freeze(copy);
  }
}
