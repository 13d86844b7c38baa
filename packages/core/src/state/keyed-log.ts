// Promises of this file:
//   K1  A key has one row, whatever happened to other keys. Held by: keyed-log.test.ts against a Map, random operations.
//   K2  Memory follows what lives: at most half of each arena is dead after `trim` or `remove`, beyond 4 MiB.
//   K3  No object is kept for a key or an entry, so the garbage collector sees neither.
import { Arena } from './arena.ts';
import { hash32 } from './hash.ts';
import { TimerHeap } from './timer-heap.ts';

const HASH_SEED = 0x5bd1e995;
/** Words in front of an entry's bytes: the next entry of the key, and the length. */
const ENTRY_WORDS = 2;
const COMPACT_FROM_BYTES = 4 << 20;
const NONE = -1;

/**
 * A hash table from keys (bytes) to rows, with a log of entries (bytes) and a timer for each row.
 *
 * A key of k bytes costs about 50 + k bytes, an entry of n bytes 8 + n, rounded up to 4.
 */
export class KeyedLog {
  readonly timers = new TimerHeap();
  #arena = new Arena();
  #deadBytes = 0;
  /** Close to each other: keys are compared for each event, and what lies among entries is seldom in the cache. */
  #keys = new Arena();
  #deadKeyBytes = 0;
  #slots = new Int32Array(64).fill(NONE);
  #size = 0;
  #rowEnd = 0;
  #freeRow = NONE;
  // One column for each fact of a row.
  #key = new Uint32Array(32);
  #hash = new Uint32Array(32);
  /** Newest entry; of a free row the next free one. */
  #newest = new Uint32Array(32);
  #count = new Uint32Array(32);
  #mark = new Float64Array(32);

  /** Keys held. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory taken. */
  get sizeBytes(): number {
    const columns = this.#key.byteLength * 4 + this.#mark.byteLength;
    return (
      this.#arena.sizeBytes +
      this.#keys.sizeBytes +
      this.#slots.byteLength +
      columns +
      this.timers.sizeBytes
    );
  }

  /** The row of a key, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hash32(bytes, start, end, HASH_SEED);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]!;
      if (row === NONE) return NONE;
      if (this.#hash[row] === hash && this.#keyEquals(row, bytes, start, end)) return row;
    }
  }

  /** The row of a key, made if there is none: without entries, mark -Infinity, no timer. */
  findOrAdd(bytes: Uint8Array, start: number, end: number): number {
    const hash = hash32(bytes, start, end, HASH_SEED);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]!;
      if (this.#hash[row] === hash && this.#keyEquals(row, bytes, start, end)) return row;
    }
    const row = this.#newRow(hash, bytes, start, end);
    this.#slots[slot] = row;
    this.#size++;
    if (this.#size * 10 > this.#slots.length * 7) this.#growSlots();
    return row;
  }

  #keyEquals(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const address = this.#key[row]!;
    const length = this.#keys.word(address);
    if (length !== end - start) return false;
    const held = this.#keys.bytesAt(address);
    const offset = this.#keys.offsetOf(address) + 4;
    for (let i = 0; i < length; i++) if (held[offset + i] !== bytes[start + i]) return false;
    return true;
  }

  #newRow(hash: number, bytes: Uint8Array, start: number, end: number): number {
    let row = this.#freeRow;
    if (row === NONE) {
      row = this.#rowEnd++;
      if (row === this.#key.length) this.#growRows();
    } else this.#freeRow = this.#newest[row]! - 1;
    const address = this.#keys.allocate(4 + end - start);
    this.#keys.setWord(address, end - start);
    this.#keys.bytesAt(address).set(bytes.subarray(start, end), this.#keys.offsetOf(address) + 4);
    this.#key[row] = address;
    this.#hash[row] = hash;
    this.#newest[row] = 0;
    this.#count[row] = 0;
    this.#mark[row] = -Infinity;
    return row;
  }

  #growRows(): void {
    const length = Math.ceil(this.#key.length * 1.5);
    const grown = <T extends Uint32Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#key = grown(this.#key, new Uint32Array(length));
    this.#hash = grown(this.#hash, new Uint32Array(length));
    this.#newest = grown(this.#newest, new Uint32Array(length));
    this.#count = grown(this.#count, new Uint32Array(length));
    this.#mark = grown(this.#mark, new Float64Array(length));
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(NONE);
    const mask = slots.length - 1;
    for (const row of this.#slots) {
      if (row === NONE) continue;
      let slot = this.#hash[row]! & mask;
      while (slots[slot] !== NONE) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    this.#slots = slots;
  }

  /** A number that the owner keeps with the row. */
  mark(row: number): number {
    return this.#mark[row]!;
  }

  setMark(row: number, value: number): void {
    this.#mark[row] = value;
  }

  /** Entries of the row. */
  count(row: number): number {
    return this.#count[row]!;
  }

  /** The key's bytes, copied. */
  key(row: number): Uint8Array {
    const address = this.#key[row]!;
    const offset = this.#keys.offsetOf(address) + 4;
    return this.#keys.bytesAt(address).slice(offset, offset + this.#keys.word(address));
  }

  /** Lets somebody read the key's bytes where they lie, `bytes[start, end)`: keep nothing, change nothing. */
  readKey<T>(row: number, read: (bytes: Uint8Array, start: number, end: number) => T): T {
    const address = this.#key[row]!;
    const start = this.#keys.offsetOf(address) + 4;
    return read(this.#keys.bytesAt(address), start, start + this.#keys.word(address));
  }

  append(row: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const address = this.#arena.allocate(ENTRY_WORDS * 4 + length);
    this.#arena.setWord(address, this.#newest[row]!);
    this.#arena.setWord(address + 1, length);
    const to = this.#arena.bytesAt(address);
    const offset = this.#arena.offsetOf(address) + ENTRY_WORDS * 4;
    if (length < 64) for (let i = 0; i < length; i++) to[offset + i] = bytes[start + i]!;
    else to.set(bytes.subarray(start, end), offset);
    this.#newest[row] = address;
    this.#count[row] = this.#count[row]! + 1;
  }

  /**
   * Visits the row's entries, the newest first, at most so many. The bytes are the log's own: read them, keep nothing,
   * change nothing.
   */
  forEach(
    row: number,
    visit: (bytes: Uint8Array, start: number, end: number) => void,
    most = Infinity,
  ): void {
    let left = most;
    for (let entry = this.newest(row); entry !== 0 && left-- > 0; entry = this.before(entry)) {
      const start = this.startOf(entry);
      visit(this.bytesOf(entry), start, start + this.#arena.word(entry + 1));
    }
  }

  /** The row's newest entry; 0: there is none. A way through entries for whom a call for each is too much. */
  newest(row: number): number {
    return this.#newest[row]!;
  }

  /** The entry before; 0: there is none. */
  before(entry: number): number {
    return this.#arena.word(entry);
  }

  /** Where its bytes lie: read them, keep nothing, change nothing. */
  bytesOf(entry: number): Uint8Array {
    return this.#arena.bytesAt(entry);
  }

  /** And where in these they begin. */
  startOf(entry: number): number {
    return this.#arena.offsetOf(entry) + ENTRY_WORDS * 4;
  }

  /** Forgets the entries that `keep` does not want. */
  trim(row: number, keep: (bytes: Uint8Array, start: number, end: number) => boolean): void {
    let after = 0;
    for (let entry = this.#newest[row]!; entry !== 0; entry = this.#arena.word(entry)) {
      const start = this.startOf(entry);
      const end = start + this.#arena.word(entry + 1);
      if (keep(this.#arena.bytesAt(entry), start, end)) after = entry;
      else this.drop(row, entry, after);
    }
    this.dropped();
  }

  /**
   * Forgets one entry of the row on a way through them; `after` is the one that was visited before it and is kept, or 0. It
   * still says which is `before` it. When all are dropped, `dropped` is to be called.
   */
  drop(row: number, entry: number, after: number): void {
    const next = this.#arena.word(entry);
    if (after === 0) this.#newest[row] = next;
    else this.#arena.setWord(after, next);
    this.#count[row] = this.#count[row]! - 1;
    this.#deadBytes += ENTRY_WORDS * 4 + roundUp(this.#arena.word(entry + 1));
  }

  /** Entries move: those that were asked for are no more. */
  dropped(): void {
    this.#compactIfHalfDead();
  }

  /** Forgets the key, its entries and its timer. */
  remove(row: number): void {
    this.timers.clear(row);
    this.forEach(
      row,
      (_bytes, start, end) => (this.#deadBytes += ENTRY_WORDS * 4 + roundUp(end - start)),
    );
    this.#deadKeyBytes += 4 + roundUp(this.#keys.word(this.#key[row]!));
    this.#unslot(row);
    this.#key[row] = 0;
    this.#newest[row] = this.#freeRow + 1;
    this.#freeRow = row;
    this.#size--;
    this.#compactIfHalfDead();
  }

  /** Takes the row out of its slot and moves those after it back, so that no tombstone stays (Knuth 6.4, algorithm R). */
  #unslot(row: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#hash[row]! & mask;
    while (slots[hole] !== row) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const home = this.#hash[slots[slot]!]! & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        slots[hole] = slots[slot]!;
        hole = slot;
      }
    }
    slots[hole] = NONE;
  }

  /** Is the row in use? */
  has(row: number): boolean {
    return row < this.#rowEnd && this.#key[row] !== 0;
  }

  /** The rows that are in use. */
  *rows(): Generator<number> {
    for (let row = 0; row < this.#rowEnd; row++) if (this.#key[row] !== 0) yield row;
  }

  #compactIfHalfDead(): void {
    if (isHalfDead(this.#arena, this.#deadBytes)) {
      const from = this.#arena;
      this.#arena = new Arena();
      for (const row of this.rows()) this.#moveEntries(row, from, this.#arena);
      this.#deadBytes = 0;
    }
    if (isHalfDead(this.#keys, this.#deadKeyBytes)) {
      const from = this.#keys;
      this.#keys = new Arena();
      for (const row of this.rows())
        this.#key[row] = copy(from, this.#key[row]!, 4 + from.word(this.#key[row]!), this.#keys);
      this.#deadKeyBytes = 0;
    }
  }

  #moveEntries(row: number, from: Arena, to: Arena): void {
    let last = 0;
    for (let address = this.#newest[row]!; address !== 0; address = from.word(address)) {
      const moved = copy(from, address, ENTRY_WORDS * 4 + from.word(address + 1), to);
      if (last === 0) this.#newest[row] = moved;
      else to.setWord(last, moved);
      last = moved;
    }
    if (last !== 0) to.setWord(last, 0);
  }
}

const isHalfDead = ({ usedBytes }: Arena, deadBytes: number): boolean =>
  usedBytes >= COMPACT_FROM_BYTES && deadBytes * 2 >= usedBytes;

const roundUp = (bytes: number): number => (bytes + 3) & ~3;

function copy(from: Arena, address: number, bytes: number, to: Arena): number {
  const moved = to.allocate(bytes);
  const start = from.offsetOf(address);
  const source = from.bytesAt(address);
  const target = to.bytesAt(moved);
  const offset = to.offsetOf(moved);
  // A view of a few bytes costs more than copying them.
  if (bytes < 64) for (let i = 0; i < bytes; i++) target[offset + i] = source[start + i]!;
  else target.set(source.subarray(start, start + bytes), offset);
  return moved;
}
