import type { PartitionName } from '../../frames.ts';
import { utf8Of } from '../../functions/utf8.ts';
import { ByteReader } from '../../state/byte-reader.ts';
import { ByteWriter } from '../../state/byte-writer.ts';
import { hash32 } from '../../state/hash.ts';
import { compareText } from './event-order.ts';

// Promises of this file:
//   T1  A watermark never goes back. T2  Merging what two engine parts know gives the same, in either order.

interface Partition {
  readonly source: string;
  readonly partition: string;
  /** 52 bits of a hash of its name: what state says of it, whoever reads it. */
  readonly id: number;
  /** By clock field: highest min(time, arrivedAt) seen, -Infinity before the first. The bound is taken off by the reader. */
  readonly highest: number[];
  standing: 'open' | 'idle' | 'ended';
  /** Arrival of its newest record, ms; drives idleness. */
  arrivedAt: number;
  /** The newest tick at which it was idle: nothing more had arrived by then. */
  silentTo: number;
  /** Changed since `takeChanges`. */
  changed: boolean;
}

/** All partitions that this engine part has heard of, and how far their times have come. */
export class Partitions {
  readonly #list: Partition[] = [];
  readonly #byName = new Map<string, Map<string, number>>();
  readonly #byId = new Map<number, number>();
  #clockFields: number;
  /** Rises with every new partition: readers keep lists of partitions and renew them when it moves. */
  version = 0;

  /** `clockFields`: number of different times that rules use; 0 is the source's own. */
  constructor(clockFields: number) {
    this.#clockFields = clockFields;
  }

  /** Rules use so many different times now. */
  useClockFields(count: number): void {
    for (const { highest } of this.#list) while (highest.length < count) highest.push(-Infinity);
    this.#clockFields = Math.max(this.#clockFields, count);
  }

  get count(): number {
    return this.#list.length;
  }

  intern(source: string, partition: string): number {
    let ofSource = this.#byName.get(source);
    if (ofSource === undefined) this.#byName.set(source, (ofSource = new Map()));
    let index = ofSource.get(partition);
    if (index === undefined) {
      index = this.#list.length;
      ofSource.set(partition, index);
      const highest = new Array<number>(this.#clockFields).fill(-Infinity);
      const id = idOf(source, partition);
      this.#byId.set(id, index);
      this.#list.push({
        source,
        partition,
        id,
        highest,
        standing: 'open',
        arrivedAt: -Infinity,
        silentTo: -Infinity,
        changed: true,
      });
      this.version++;
    }
    return index;
  }

  name(index: number): PartitionName {
    return this.#list[index]!;
  }

  id(index: number): number {
    return this.#list[index]!.id;
  }

  /** Throws Error if nobody has heard of it: what has no key is restored before what has. */
  ofId(id: number): number {
    const index = this.#byId.get(id);
    if (index === undefined) throw new Error('the state is of a partition that it does not name');
    return index;
  }

  compare(a: number, b: number): number {
    const left = this.#list[a]!;
    const right = this.#list[b]!;
    return compareText(left.source, right.source) || compareText(left.partition, right.partition);
  }

  highest(index: number, clockField: number): number {
    return this.#list[index]!.highest[clockField]!;
  }

  /** A record of the partition has been read: `seen` is min(time, arrivedAt). */
  raise(index: number, clockField: number, seen: number): void {
    const partition = this.#list[index]!;
    if (seen > partition.highest[clockField]!) {
      partition.highest[clockField] = seen;
      partition.changed = true;
    }
  }

  /** The highest time that any partition has come to; -Infinity if none has spoken. */
  get newest(): number {
    let newest = -Infinity;
    for (const { highest } of this.#list) newest = Math.max(newest, ...highest);
    return newest;
  }

  /** The least time that any partition which has not ended stands at, without bounds. */
  get least(): number {
    let least = Infinity;
    for (const { highest, standing } of this.#list)
      if (standing !== 'ended') least = Math.min(least, highest[0]!);
    return least;
  }

  standing(index: number): Partition['standing'] {
    return this.#list[index]!.standing;
  }

  setStanding(index: number, standing: Partition['standing']): void {
    const partition = this.#list[index]!;
    if (partition.standing === standing) return;
    partition.standing = standing;
    partition.changed = true;
  }

  arrivedAt(index: number): number {
    return this.#list[index]!.arrivedAt;
  }

  setArrivedAt(index: number, arrivedAt: number): void {
    const partition = this.#list[index]!;
    if (arrivedAt > partition.arrivedAt) partition.arrivedAt = arrivedAt;
  }

  silentTo(index: number): number {
    return this.#list[index]!.silentTo;
  }

  /** It is idle, and was so when this tick passed. */
  isSilentTo(index: number, tickAt: number): void {
    const partition = this.#list[index]!;
    if (tickAt <= partition.silentTo) return;
    partition.silentTo = tickAt;
    partition.changed = true;
  }

  /** What other engine parts must hear, or null. */
  takeChanges(): Uint8Array | null {
    const changed = this.#list.filter((partition) => partition.changed);
    if (changed.length === 0) return null;
    for (const partition of changed) partition.changed = false;
    return this.#encode(changed);
  }

  snapshot(): Uint8Array {
    return this.#encode(this.#list);
  }

  #encode(list: readonly Partition[]): Uint8Array {
    const writer = new ByteWriter();
    writer.varint(list.length);
    // Who reads it may know of more times, or of fewer: an edit reaches parts one after the other.
    writer.varint(this.#clockFields);
    for (const partition of list) {
      writer.text(partition.source);
      writer.text(partition.partition);
      writer.byte(STANDINGS.indexOf(partition.standing));
      writer.double(partition.arrivedAt);
      writer.double(partition.silentTo);
      for (let field = 0; field < this.#clockFields; field++)
        writer.double(partition.highest[field] ?? -Infinity);
    }
    return writer.copy();
  }

  /** Takes in what `takeChanges` or `snapshot` of any part gave. */
  merge(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const count = reader.varint();
    const fields = reader.varint();
    for (let left = count; left > 0; left--) {
      const index = this.intern(reader.text(), reader.text());
      const partition = this.#list[index]!;
      const standing = STANDINGS[reader.byte()]!;
      const arrivedAt = reader.double();
      partition.silentTo = Math.max(partition.silentTo, reader.double());
      let newer = arrivedAt >= partition.arrivedAt;
      for (let field = 0; field < fields; field++) {
        const highest = reader.double();
        if (highest < (partition.highest[field] ?? -Infinity)) newer = false;
        else partition.highest[field] = highest;
      }
      // What is ended stays ended; between open and idle the part that has read further knows.
      if (standing === 'ended' || (newer && partition.standing !== 'ended'))
        partition.standing = standing;
      if (arrivedAt > partition.arrivedAt) partition.arrivedAt = arrivedAt;
      partition.changed = false;
    }
  }
}

const STANDINGS: readonly Partition['standing'][] = ['open', 'idle', 'ended'];

const NAME_SEPARATOR = '\n';

function idOf(source: string, partition: string): number {
  const name = utf8Of(`${source}${NAME_SEPARATOR}${partition}`);
  const low = hash32(name, 0, name.length, 1);
  return low * 2 ** 20 + (hash32(name, 0, name.length, 2) >>> 12);
}
