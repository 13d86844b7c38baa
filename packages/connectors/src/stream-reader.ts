import { open } from 'node:fs/promises';
import type { BatchFrame, PartitionName, SetAside } from '@weir/core';
import type { Piece } from './byte-source.ts';
import { RecordSplitter } from './record-splitter.ts';

export const RECORD_LIMIT_BYTES = 16 * 1024 * 1024;

/** Consecutive records of one stream. */
export interface ReadBatch {
  readonly frame: BatchFrame;
  /** Reads the same again; null where that cannot be done. */
  readonly again: (() => Promise<BatchFrame>) | null;
  /** Records that were too long to be read. */
  readonly setAside: readonly SetAside[];
  /** Bytes of the stream that were read for it. */
  readonly bytes: number;
}

/** Reads one stream (a file, what is written to us) as batches of records. */
export class StreamReader {
  readonly name: PartitionName;
  readonly #pieces: AsyncIterator<Piece>;
  readonly #splitter: RecordSplitter;
  readonly #path: string | null;
  /** Now, for streams whose records are stamped on arrival; null for files. */
  readonly #now: (() => number) | null;
  #rest: Uint8Array = new Uint8Array(0);
  #restOffset: number | null = null;
  #isDone = false;

  constructor(options: {
    readonly name: PartitionName;
    readonly pieces: AsyncIterator<Piece>;
    readonly path: string | null;
    readonly now: (() => number) | null;
    readonly recordLimitBytes?: number;
    /** Number of the first record; default: 1. */
    readonly firstNumber?: number;
  }) {
    this.name = options.name;
    this.#pieces = options.pieces;
    this.#path = options.path;
    this.#now = options.now;
    this.#splitter = new RecordSplitter(
      options.recordLimitBytes ?? RECORD_LIMIT_BYTES,
      options.firstNumber,
    );
  }

  /** The next batch with at least one record (or one that was too long); null at the end. Throws what reading throws. */
  async next(): Promise<ReadBatch | null> {
    let read = 0;
    while (!this.#isDone) {
      let failure: unknown = null;
      let piece: Piece | undefined;
      try {
        const { value, done } = await this.#pieces.next();
        piece = done ? undefined : value;
      } catch (error) {
        failure = error;
      }
      this.#isDone = piece === undefined;
      read += piece?.bytes.length ?? 0;
      const batch = this.#take(piece, read);
      if (failure !== null) {
        this.#failure = failure;
        if (batch === null) throw failure;
      }
      if (batch !== null) return batch;
    }
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null;
      throw failure;
    }
    return null;
  }

  #failure: unknown = null;

  /** Reads no more, and lets go of the file. */
  async close(): Promise<void> {
    this.#isDone = true;
    await this.#pieces.return?.();
  }

  #take(piece: Piece | undefined, read: number): ReadBatch | null {
    const bytes = this.#joined(piece);
    const offset = this.#rest.length > 0 ? this.#restOffset : (piece?.offset ?? null);
    const split = this.#splitter.split(bytes, piece === undefined);
    this.#rest = bytes.slice(split.rest);
    this.#restOffset = offset === null ? null : offset + split.rest;
    const { source, partition } = this.name;
    const setAside = split.tooLong.map(({ number, bytes: length }): SetAside => ({
      source,
      partition,
      number,
      kind: 'undecodable',
      reason: `the record has ${length} bytes, more than may be read`,
      offset: 0,
    }));
    if (split.starts.length === 0 && setAside.length === 0) return null;
    const frame: BatchFrame = {
      type: 'batch',
      source,
      partition,
      numbers: Float64Array.from(split.numbers),
      arrivedAt: new Float64Array(split.numbers.length).fill(
        this.#now === null ? Number.NaN : this.#now(),
      ),
      starts: Int32Array.from(split.starts),
      lengths: Int32Array.from(split.lengths),
      bytes,
    };
    return { frame, again: this.#again(frame, offset), setAside, bytes: read };
  }

  #joined(piece: Piece | undefined): Uint8Array {
    if (piece === undefined) return this.#rest;
    if (this.#rest.length === 0) return piece.bytes;
    const joined = new Uint8Array(this.#rest.length + piece.bytes.length);
    joined.set(this.#rest);
    joined.set(piece.bytes, this.#rest.length);
    return joined;
  }

  /** A piece of a plain file is remembered by its place, and its bytes are let go. */
  #again(frame: BatchFrame, offset: number | null): (() => Promise<BatchFrame>) | null {
    const path = this.#path;
    if (path === null || offset === null || this.#now !== null) return null;
    // A long file has many pieces: of each only what cannot be told from the rest is kept.
    const { source, partition, starts, lengths } = frame;
    const { length } = frame.bytes;
    const first = frame.numbers[0]!;
    const count = frame.numbers.length;
    if (count > 0 && frame.numbers[count - 1] !== first + count - 1) return null;
    return async () => {
      const file = await open(path, 'r');
      try {
        const again = new Uint8Array(length);
        for (let at = 0; at < length;) {
          const { bytesRead } = await file.read(again, at, length - at, offset + at);
          if (bytesRead === 0) throw new Error(`${path} is shorter than it was`);
          at += bytesRead;
        }
        return {
          type: 'batch',
          source,
          partition,
          numbers: Float64Array.from(starts, (_, i) => first + i),
          arrivedAt: new Float64Array(count).fill(Number.NaN),
          starts,
          lengths,
          bytes: again,
        };
      } finally {
        await file.close();
      }
    };
  }
}
