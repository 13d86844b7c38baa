import { readerMark, type EventReader } from '../../plan/event-reader.ts';
import type { Json, Path } from '../../plan/json.ts';
import { valueAtPath } from '../../plan/path-value.ts';
import type { HeldEvent } from './held-event.ts';

/** A stored row, read as rule code reads events. */
export class RowReader implements EventReader {
  readonly [readerMark] = true;
  readonly #event: HeldEvent;
  readonly #reads: readonly number[];
  readonly #paths: readonly Path[];
  readonly #columns: readonly { readonly kind: string }[];

  constructor(
    event: HeldEvent,
    reads: readonly number[],
    paths: readonly Path[],
    columns: readonly { readonly kind: string }[],
  ) {
    this.#event = event;
    this.#reads = reads;
    this.#paths = paths;
    this.#columns = columns;
  }

  get(slot: number): Json | undefined {
    const column = this.#reads[slot];
    if (column === undefined) throw new Error(`the plan stores no column for path ${slot}`);
    if (this.#columns[column]!.kind !== 'whole') return this.#event.columns[column];
    return valueAtPath(this.#event.columns[column], this.#paths[slot]!);
  }

  at(path: Path): Json | undefined {
    const slot = this.#paths.findIndex(
      (known) => known.length === path.length && known.every((step, i) => step === path[i]),
    );
    return slot >= 0 ? this.get(slot) : valueAtPath(this.whole(), path);
  }

  whole(): Json {
    const column = this.#columns.findIndex(({ kind }) => kind === 'whole');
    if (column < 0) throw new Error('the rule reads a whole event, but the plan stores none');
    return this.#event.columns[column] ?? null;
  }
}
