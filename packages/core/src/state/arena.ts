/**
 * Bytes in chunks of one mebibyte, filled from front to back. An address is a count of 4-byte words, so 32 bits reach
 * 16 GiB. Address 0 is never given out: it means "nothing". Nothing is freed; the owner copies what lives into a new arena.
 */
const CHUNK_BYTES = 1 << 20;
const CHUNK_WORDS = CHUNK_BYTES / 4;

export class Arena {
  readonly #chunks: Uint8Array[] = [];
  readonly #words: Uint32Array[] = [];
  /** Pieces longer than a chunk have a chunk of their own, and addresses as if it were several. */
  #nextWord = 1;
  #chunkEndWord = 0;

  /** Bytes taken from the system. */
  get sizeBytes(): number {
    return this.#chunks.reduce(
      (sum, chunk, i) => sum + (i > 0 && chunk === this.#chunks[i - 1] ? 0 : chunk.length),
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
    return address;
  }

  #addChunk(words: number): void {
    const chunks = Math.max(1, Math.ceil((words + 1) / CHUNK_WORDS));
    const bytes = new Uint8Array(chunks * CHUNK_BYTES);
    const view = new Uint32Array(bytes.buffer);
    const first = this.#chunks.length;
    for (let i = 0; i < chunks; i++) {
      this.#chunks.push(bytes);
      this.#words.push(view);
    }
    // The first word of a chunk stays empty, so that no address is 0.
    this.#nextWord = first * CHUNK_WORDS + 1;
    this.#chunkEndWord = (first + chunks) * CHUNK_WORDS;
    this.#firstChunk.set(bytes, first);
  }

  readonly #firstChunk = new Map<Uint8Array, number>();

  /** The chunk that holds an address, and where in it; pieces never cross chunks. */
  bytesAt(address: number): Uint8Array {
    return this.#chunks[Math.floor(address / CHUNK_WORDS)]!;
  }

  offsetOf(address: number): number {
    const chunk = Math.floor(address / CHUNK_WORDS);
    const bytes = this.#chunks[chunk]!;
    if (bytes.length === CHUNK_BYTES) return (address - chunk * CHUNK_WORDS) * 4;
    return (address - this.#firstChunk.get(bytes)! * CHUNK_WORDS) * 4;
  }

  word(address: number): number {
    return this.#words[Math.floor(address / CHUNK_WORDS)]![this.offsetOf(address) >>> 2]!;
  }

  setWord(address: number, value: number): void {
    this.#words[Math.floor(address / CHUNK_WORDS)]![this.offsetOf(address) >>> 2] = value;
  }
}
