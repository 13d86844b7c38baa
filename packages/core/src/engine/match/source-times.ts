import type { EventView } from '../../formats/event-view.ts';
import type { Json } from '../../plan/json.ts';
import { makeTimeReader } from '../../plan/parse-time.ts';
import type { Program, SourceProgram } from '../program.ts';

type ReadTime = (value: Json | undefined) => number;

/** Reads the times of a source's events, in ms; NaN where there is none. */
export class SourceTimes {
  readonly #source: SourceProgram;
  readonly #readAt: ReadTime;
  readonly #readArrivedAt: ReadTime;
  /** By clock field - 1: the slot (-1: arrival) and how it is read. */
  readonly #usings: readonly { readonly slot: number; readonly read: ReadTime }[];

  constructor(source: SourceProgram, program: Program) {
    const { plan } = source;
    this.#source = source;
    this.#readAt = makeTimeReader(plan.time);
    this.#readArrivedAt = makeTimeReader(plan.arrivedAt ?? plan.time);
    this.#usings = program.usings.map((path, i) => {
      const readers = program.usingPlans(plan, path).map(makeTimeReader);
      const isArrival = path.length === 1 && path[0] === '$arrivedAt';
      return {
        slot: isArrival ? -1 : source.usingSlots[i]!,
        read: (value) => firstReadable(readers, value),
      };
    });
  }

  at(view: EventView): number {
    return firstTime(view, this.#source.timeSlots, this.#readAt);
  }

  arrivedAt(view: EventView): number {
    return firstTime(view, this.#source.arrivedAtSlots, this.#readArrivedAt);
  }

  using(view: EventView, clockField: number, arrivedAt: number): number {
    const { slot, read } = this.#usings[clockField - 1]!;
    return slot < 0 ? arrivedAt : read(view.get(slot));
  }
}

function firstTime(view: EventView, slots: readonly number[], read: ReadTime): number {
  for (const slot of slots) {
    const at = read(view.get(slot));
    if (!Number.isNaN(at)) return at;
  }
  return Number.NaN;
}

function firstReadable(readers: readonly ReadTime[], value: Json | undefined): number {
  for (const read of readers) {
    const at = read(value);
    if (!Number.isNaN(at)) return at;
  }
  return Number.NaN;
}
