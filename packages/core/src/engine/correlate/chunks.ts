import { ByteWriter } from '../../state/byte-writer.ts';
import { RowSet } from '../../state/row-set.ts';

/** A state frame holds about so many bytes. */
const FRAME_BYTES = 8 * 1024 * 1024;

/**
 * State as chunks that stand for themselves: what is kept of one key of one rule, or of the alerts of one value. Each has a
 * number in its key group, which it keeps for as long as it lives, so that who stores chunks needs only those that changed.
 * In a frame: `n × (u32 number | u32 length | bytes)`; without bytes: the chunk is no more.
 */
export class ChunkWriter {
  readonly #emit: (keyGroup: number, bytes: Uint8Array) => void;
  readonly #byGroup = new Map<number, ByteWriter>();
  #group = 0;
  #writer = new ByteWriter();
  #startAt = 0;

  constructor(emit: (keyGroup: number, bytes: Uint8Array) => void) {
    this.#emit = emit;
  }

  /** What is written to the writer that it gives, up to `end`, is the chunk. */
  begin(keyGroup: number, number: number): ByteWriter {
    let writer = this.#byGroup.get(keyGroup);
    if (writer === undefined) this.#byGroup.set(keyGroup, (writer = new ByteWriter()));
    [this.#group, this.#writer] = [keyGroup, writer];
    writer.u32(number);
    writer.u32(0);
    this.#startAt = writer.length;
    return writer;
  }

  end(): void {
    const writer = this.#writer;
    writer.setU32(this.#startAt - 4, writer.length - this.#startAt);
    if (writer.length < FRAME_BYTES) return;
    this.#emit(this.#group, writer.copy());
    writer.clear();
  }

  gone(keyGroup: number, number: number): void {
    this.begin(keyGroup, number);
    this.end();
  }

  /** Hands over what is left. */
  close(): void {
    for (const [keyGroup, writer] of this.#byGroup)
      if (writer.length > 0) this.#emit(keyGroup, writer.copy());
  }
}

/** The numbers of the chunks of an engine part. Numbers that are free again are given again. */
export class ChunkNumbers {
  readonly #groups = new Map<number, { next: number; readonly free: number[] }>();
  /** By key group: chunks that were given to somebody, and are no more. */
  readonly #gone = new Map<number, Set<number>>();

  #of(keyGroup: number): { next: number; readonly free: number[] } {
    let group = this.#groups.get(keyGroup);
    if (group === undefined) this.#groups.set(keyGroup, (group = { next: 1, free: [] }));
    return group;
  }

  take(keyGroup: number): number {
    const group = this.#of(keyGroup);
    const number = group.free.pop() ?? group.next++;
    this.#gone.get(keyGroup)?.delete(number);
    return number;
  }

  /** A restored chunk has it. */
  use(keyGroup: number, number: number): void {
    const group = this.#of(keyGroup);
    group.next = Math.max(group.next, number + 1);
  }

  release(keyGroup: number, number: number): void {
    this.#of(keyGroup).free.push(number);
    let gone = this.#gone.get(keyGroup);
    if (gone === undefined) this.#gone.set(keyGroup, (gone = new Set()));
    gone.add(number);
  }

  /** Says which are no more since this was asked; null: everything is given anew, so nobody has to be told. */
  tellGone(to: ChunkWriter | null): void {
    if (to !== null)
      for (const [keyGroup, numbers] of this.#gone)
        for (const number of numbers) to.gone(keyGroup, number);
    this.#gone.clear();
  }
}

/** Which rows are not as they were given last, and the number that each is stored under. */
export class RowChunks {
  readonly #numbers: ChunkNumbers;
  readonly #changed = new RowSet();
  /** 0: none yet. */
  #ofRow = new Uint32Array(64);

  constructor(numbers: ChunkNumbers) {
    this.#numbers = numbers;
  }

  touch(row: number): void {
    this.#changed.add(row);
  }

  /** It lies in a chunk that was restored. */
  restored(row: number, keyGroup: number, number: number): void {
    this.#numbers.use(keyGroup, number);
    this.#set(row, number);
  }

  numberOf(row: number, keyGroup: number): number {
    const known = this.#ofRow[row] ?? 0;
    if (known > 0) return known;
    const number = this.#numbers.take(keyGroup);
    this.#set(row, number);
    return number;
  }

  /** The row is no more; `groupOf` is asked if anybody has to be told. */
  remove(row: number, groupOf: () => number): void {
    const number = this.#ofRow[row] ?? 0;
    if (number === 0) return;
    this.#ofRow[row] = 0;
    this.#numbers.release(groupOf(), number);
  }

  /** Rows that changed since this was asked; some of them may be no more. */
  takeChanged(): readonly number[] {
    const rows = [...this.#changed.rows];
    this.#changed.clear();
    return rows;
  }

  #set(row: number, number: number): void {
    if (row >= this.#ofRow.length) {
      const grown = new Uint32Array(Math.max(row + 1, Math.ceil(this.#ofRow.length * 1.5)));
      grown.set(this.#ofRow);
      this.#ofRow = grown;
    }
    this.#ofRow[row] = number;
  }
}

/** The chunks of a state frame, in order. */
export function* chunksOf(bytes: Uint8Array): Generator<{ number: number; bytes: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at + 4, true);
    yield { number: view.getUint32(at, true), bytes: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + length;
  }
}
