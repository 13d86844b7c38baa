import type { PartitionName } from '../../frames.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { Program } from '../program.ts';
import type { Partitions } from './partitions.ts';

/**
 * Streams (files, connections' senders, Kafka partitions) and the partitions that their events are of. Mostly these are
 * the same; where a source declares `partition`, a stream may feed several, and hands its place to them when it speaks.
 */
export class Streams {
  readonly #program: Program;
  readonly #partitions: Partitions;
  /** By stream (as a partition): the partitions it fed. */
  readonly #fed = new Map<number, Set<number>>();
  readonly #ended = new Set<number>();
  /** Partitions that have never spoken: the tick at which they were first missed. */
  readonly #silentSince = new Map<number, number>();
  /** Partitions that this engine part reads: only it says that they are idle. */
  readonly #own = new Set<number>();

  constructor(program: Program, partitions: Partitions) {
    this.#program = program;
    this.#partitions = partitions;
  }

  isKnown(source: string, stream: string): void {
    this.#partitions.intern(source, stream);
  }

  #isDivided(source: string): boolean {
    return this.#program.source(source).partitionSlot >= 0;
  }

  /** A batch of the stream is here. */
  speaks(source: string, stream: string): void {
    const index = this.#partitions.intern(source, stream);
    if (this.#isDivided(source)) this.#partitions.setStanding(index, 'ended');
    this.#current = index;
  }

  #current = -1;

  /** An event of the stream that speaks is of this partition. */
  feeds(partition: number): void {
    this.#own.add(partition);
    let fed = this.#fed.get(this.#current);
    if (fed === undefined) this.#fed.set(this.#current, (fed = new Set()));
    fed.add(partition);
  }

  /** A partition has ended when all streams that fed it have. */
  end(source: string, stream: string): void {
    const index = this.#partitions.intern(source, stream);
    this.#ended.add(index);
    this.#partitions.setStanding(index, 'ended');
    for (const partition of this.#fed.get(index) ?? []) {
      const others = [...this.#fed].some(
        ([other, fed]) => fed.has(partition) && !this.#ended.has(other),
      );
      if (!others) this.#partitions.setStanding(partition, 'ended');
    }
  }

  /**
   * Partitions that were silent for longer than their source's `idleAfter` are idle from this tick on. `read`: those of
   * which all that had arrived was read; null: all that this part reads, and of the first part those never heard of.
   */
  tick(tickAt: number, read: readonly PartitionName[] | null, isFirstPart: boolean): void {
    const partitions = this.#partitions;
    if (read !== null) {
      for (const { source, partition } of read)
        this.#tick(partitions.intern(source, partition), tickAt);
      return;
    }
    for (let index = 0; index < partitions.count; index++) {
      const hasSpoken = partitions.arrivedAt(index) > -Infinity;
      // What is idle everywhere knows of the tick.
      const isAsked =
        partitions.standing(index) === 'idle' || (hasSpoken ? this.#own.has(index) : isFirstPart);
      if (isAsked) this.#tick(index, tickAt);
    }
  }

  #tick(index: number, tickAt: number): void {
    const partitions = this.#partitions;
    const standing = partitions.standing(index);
    if (standing === 'ended') return;
    let since = partitions.arrivedAt(index);
    if (since === -Infinity) {
      since = this.#silentSince.get(index) ?? tickAt;
      this.#silentSince.set(index, since);
    }
    const { idleAfterMs } = this.#program.source(partitions.name(index).source).plan;
    if (standing === 'open' && tickAt - since > idleAfterMs) partitions.setStanding(index, 'idle');
    if (partitions.standing(index) === 'idle') partitions.isSilentTo(index, tickAt);
  }

  snapshot(writer: ByteWriter): void {
    const name = (index: number): void => {
      const { source, partition } = this.#partitions.name(index);
      writer.text(source);
      writer.text(partition);
    };
    writer.varint(this.#fed.size);
    for (const [stream, fed] of this.#fed) {
      name(stream);
      writer.byte(this.#ended.has(stream) ? 1 : 0);
      writer.varint(fed.size);
      for (const partition of fed) name(partition);
    }
    writer.varint(this.#silentSince.size);
    for (const [index, since] of this.#silentSince) {
      name(index);
      writer.double(since);
    }
  }

  restore(reader: ByteReader): void {
    const named = (): number => this.#partitions.intern(reader.text(), reader.text());
    for (let count = reader.varint(); count > 0; count--) {
      const stream = named();
      if (reader.byte() === 1) this.#ended.add(stream);
      const fed = this.#fed.get(stream) ?? new Set<number>();
      this.#fed.set(stream, fed);
      for (let partitions = reader.varint(); partitions > 0; partitions--) {
        const partition = named();
        fed.add(partition);
        // Who reads it from here on is not known: every part may, and they agree.
        this.#own.add(partition);
      }
    }
    for (let count = reader.varint(); count > 0; count--) {
      const index = named();
      this.#silentSince.set(index, reader.double());
    }
  }
}
