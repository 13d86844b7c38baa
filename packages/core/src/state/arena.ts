/**
 * Bytes in chunks of one mebibyte, filled from front to back. An address is a count of 4-byte words, so 32 bits reach
 * 16 GiB. Address 0 is never given out: it means "nothing". Nothing is freed; the owner copies what lives into a new arena.
 *
 * The newest chunk takes memory as it is filled, twice as much each time: there may be thousands of arenas that hold
 * little.
 */
const CHUNK_BYTES = 1 << 20;
const CHUNK_WORDS = CHUNK_BYTES / 4;
/** Of an address: the number of its chunk, and the place in it. */
const CHUNK_SHIFT = 18;
const WORD_MASK = CHUNK_WORDS - 1;
const LEAST_BYTES = 1 << 10;

export class Arena {
  readonly #chunks: Uint8Array[] = [];
  readonly #words: Uint32Array[] = [];
  /** By chunk: the first chunk of its piece of memory. Pieces longer than a chunk have addresses as if they were several. */
  readonly #firsts: number[] = [];
  #nextWord = 1;
  #chunkEndWord = 0;

  /** Bytes taken from the system. */
  get sizeBytes(): number {
    return this.#chunks.reduce(
      (sum, chunk, i) => sum + (this.#firsts[i] === i ? chunk.length : 0),
      0,
    );
  }

  /** Bytes given out, dead ones included. */
  get usedBytes(): number {
    return this.#nextWord * 4;
  }

  /** Room for `bytes` bytes, on a word boundary. */
  allocate(bytes: number): number {
    const words = (bytes + 3) >>> 2;
    if (this.#nextWord + words > this.#chunkEndWord) this.#addChunk(words);
    const address = this.#nextWord;
    this.#nextWord += words;
    this.#grow();
    return address;
  }

  #addChunk(words: number): void {
    const chunks = Math.max(1, Math.ceil((words + 1) / CHUNK_WORDS));
    const first = this.#chunks.length;
    const bytes = new Uint8Array(chunks === 1 ? LEAST_BYTES : chunks * CHUNK_BYTES);
    for (let i = 0; i < chunks; i++) this.#put(first + i, first, bytes);
    // The first word of a chunk stays empty, so that no address is 0.
    this.#nextWord = first * CHUNK_WORDS + 1;
    this.#chunkEndWord = (first + chunks) * CHUNK_WORDS;
  }

  #put(chunk: number, first: number, bytes: Uint8Array): void {
    this.#chunks[chunk] = bytes;
    this.#words[chunk] = new Uint32Array(bytes.buffer);
    this.#firsts[chunk] = first;
  }

  /** The newest chunk holds what was given out of it. */
  #grow(): void {
    const chunk = this.#chunks.length - 1;
    const bytes = this.#chunks[chunk]!;
    const needed = (this.#nextWord - this.#firsts[chunk]! * CHUNK_WORDS) * 4;
    if (needed <= bytes.length) return;
    let length = bytes.length;
    while (length < needed) length *= 2;
    const grown = new Uint8Array(Math.min(length, CHUNK_BYTES));
    grown.set(bytes);
    this.#put(chunk, chunk, grown);
  }

  /** The chunk that holds an address, and where in it; pieces never cross chunks. Valid until the next `allocate`. */
  bytesAt(address: number): Uint8Array {
    return this.#chunks[address >>> CHUNK_SHIFT]!;
  }

  offsetOf(address: number): number {
    return this.#wordOf(address) * 4;
  }

  word(address: number): number {
    return this.#words[address >>> CHUNK_SHIFT]![this.#wordOf(address)]!;
  }

  setWord(address: number, value: number): void {
    this.#words[address >>> CHUNK_SHIFT]![this.#wordOf(address)] = value;
  }

  #wordOf(address: number): number {
    const chunk = address >>> CHUNK_SHIFT;
    return (address & WORD_MASK) + (chunk - this.#firsts[chunk]!) * CHUNK_WORDS;
  }
}
