// Promises of this file:
//   P1  A parked rule sees nothing and gives nothing from its place on; what it holds stays as it is.
//   P2  A rule that reads results of a parked rule is parked with it.
//   P3  What was parked is in the checkpoint, and so are places that are still to come.
import {
  MARK,
  type BatchFrame,
  type CodeClause,
  type Park,
  type ParkFrame,
  type ParkReason,
  type ReleaseFrame,
} from '../../frames.ts';
import type { Json } from '../../plan/json.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { Program, RuleProgram } from '../program.ts';

type Order = ParkFrame | ReleaseFrame;

/** Which rules of an engine are parked, and which will be when a place in the input is reached. */
export class Parks {
  readonly #program: Program;
  readonly #eventAt: () => number;
  readonly #changed: () => void;
  #orders: Order[] = [];
  #parked: Park[] = [];
  #released: string[] = [];
  #batch: BatchFrame | null = null;
  #isRestored = false;

  /** `eventAt` tells the time of the event that was matched last; `changed` is told when rules were parked or released. */
  constructor(program: Program, eventAt: () => number, changed: () => void) {
    this.#program = program;
    this.#eventAt = eventAt;
    this.#changed = changed;
    program.calls.onBroken = ({ index }, clause, { limit, message }) =>
      this.park(program.rules[index]!, { limit, message }, clause);
  }

  /** Parks a version of a rule here and now, and whoever waits with it. */
  park(rule: RuleProgram, reason: ParkReason, clause: CodeClause | null, isOrdered = false): void {
    if (rule.guard.parked !== null) return;
    rule.guard.parked = reason;
    const { id, version } = rule.rule;
    const { from, event } = this.#here();
    const park = { rule: id, version, reason, from, clause, event };
    this.#parked.push(isOrdered ? { ...park, isOrdered } : park);
    // Of an old version others do not wait: there is a newer one.
    if (isInTheWay(rule)) this.#parkReaders(rule);
    this.#changed();
  }

  /** Parks it before the frame at hand. */
  parkBefore(rule: RuleProgram, reason: ParkReason): void {
    const batch = this.#batch;
    this.#batch = null;
    this.park(rule, reason, null);
    this.#batch = batch;
  }

  #parkReaders(rule: RuleProgram): void {
    const message = `it reads results of ${JSON.stringify(rule.rule.id)}, which is parked`;
    for (const reader of rule.readers) this.park(reader, { limit: 'level', message }, null);
  }

  /** Parks or releases rules at a place; null: now. */
  order(order: Order): void {
    if (order.from === null) this.#carryOut(order);
    else this.#orders.push(order);
  }

  #carryOut(order: Order): void {
    const rules = this.#program.rules.filter(({ rule }) => order.rules.includes(rule.id));
    if (order.type === 'park')
      for (const rule of rules) this.park(rule, order.reason, order.clause ?? null, true);
    else for (const rule of rules) this.#release(rule);
  }

  #release({ guard, rule }: RuleProgram): void {
    if (guard.parked === null) return;
    guard.parked = null;
    // What it has cost is behind it.
    guard.costs.length = 0;
    this.#released.push(rule.id);
    this.#changed();
    this.#releaseWaiting();
  }

  /** Rules that waited only for others which are parked no more. */
  #releaseWaiting(): void {
    const { rules } = this.#program;
    const next = rules.find(
      ({ guard, reads }) =>
        guard.parked?.limit === 'level' && !reads.some((read) => isInTheWay(rules[read]!)),
    );
    if (next !== undefined) this.#release(next);
  }

  /** Other versions: those that wait for an old one wait no more, and new ones wait for what is parked. */
  edited(): void {
    this.#releaseWaiting();
    for (const rule of this.#program.rules) if (isInTheWay(rule)) this.#parkReaders(rule);
  }

  /** The records that are matched next are those of this batch; null: the frame has none. */
  begin(batch: BatchFrame | null): void {
    this.#batch = batch;
    this.#program.calls.marks[MARK.record] = -1;
    this.#near = [];
    if (batch === null) return;
    for (const order of this.#orders) {
      const { source, partition, number, isAfter } = order.from!;
      if (source !== batch.source || partition !== batch.partition) continue;
      const index = batch.numbers.indexOf(number);
      if (index >= 0) this.#near.push({ order, index: isAfter ? index + 1 : index });
    }
  }

  /** Orders whose places are in the batch at hand. */
  #near: { readonly order: Order; readonly index: number }[] = [];

  get isNear(): boolean {
    return this.#near.length > 0;
  }

  /** The record of this index in the batch is next. */
  beforeRecord(record: number): void {
    this.#reach(record);
  }

  /** All records of the batch are through, and time moves next. */
  recordsAreThrough(): void {
    this.#program.calls.marks[MARK.record] = -1;
    if (this.isNear) this.#reach(Infinity);
  }

  #reach(record: number): void {
    const reached = this.#near.filter(({ index }) => index <= record).map(({ order }) => order);
    if (reached.length === 0) return;
    this.#near = this.#near.filter(({ order }) => !reached.includes(order));
    this.#orders = this.#orders.filter((order) => !reached.includes(order));
    for (const order of reached) this.#carryOut(order);
  }

  #here(): Pick<Park, 'from' | 'event'> {
    const batch = this.#batch;
    const record = this.#program.calls.marks[MARK.record]!;
    const number = record < 0 ? batch?.numbers.at(-1) : batch?.numbers[record];
    if (batch === null || number === undefined) return { from: null, event: null };
    const { source, partition } = batch;
    return {
      from: { source, partition, number, isAfter: record < 0 },
      event: { source, partition, number, at: this.#eventAt() },
    };
  }

  /** Rules that were parked and released since this was asked. */
  takeTold(): { readonly parks: readonly Park[]; readonly released: readonly string[] } {
    const told = { parks: this.#parked, released: this.#released };
    [this.#parked, this.#released] = [[], []];
    return told;
  }

  snapshot(writer: ByteWriter): void {
    const parked = this.#program.rules.flatMap(({ guard, index }) =>
      guard.parked === null ? [] : [[index, guard.parked] as const],
    );
    writer.value({ parked, orders: this.#orders } as unknown as Json);
  }

  restore(reader: ByteReader): void {
    const { parked, orders } = reader.value() as unknown as {
      parked: (readonly [number, ParkReason])[];
      orders: Order[];
    };
    // Orders from before the restart that are not in the checkpoint were carried out before it.
    if (!this.#isRestored) this.#orders = [];
    this.#isRestored = true;
    for (const [index, reason] of parked) this.#program.rules[index]!.guard.parked ??= reason;
    this.#changed();
    // Every part that was brings them.
    const known = new Set(this.#orders.map((order) => JSON.stringify(order)));
    this.#orders.push(...orders.filter((order) => !known.has(JSON.stringify(order))));
  }
}

/** A parked rule keeps those waiting who read it, unless a new version has taken its place. */
const isInTheWay = ({ guard, until }: RuleProgram): boolean =>
  guard.parked !== null && until === Infinity;
