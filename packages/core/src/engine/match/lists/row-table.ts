/** Rows found by the hash of their text: two integers a slot, at most half full. Costs 16 to 32 bytes a row. */
export class RowTable {
  #hashes = new Int32Array(1024);
  #rows = new Int32Array(1024).fill(-1);
  size = 0;

  /** `isRow` is asked of rows with the same hash; the first that says yes is given, else -1. */
  find(hash: number, isRow: (row: number) => boolean): number {
    const mask = this.#rows.length - 1;
    for (let slot = hash & mask; this.#rows[slot]! >= 0; slot = (slot + 1) & mask)
      if (this.#hashes[slot] === hash && isRow(this.#rows[slot]!)) return this.#rows[slot]!;
    return -1;
  }

  add(hash: number, row: number): void {
    if (++this.size * 2 > this.#rows.length) this.#grow();
    this.#place(hash, row);
  }

  #place(hash: number, row: number): void {
    const mask = this.#rows.length - 1;
    let slot = hash & mask;
    while (this.#rows[slot]! >= 0) slot = (slot + 1) & mask;
    this.#hashes[slot] = hash;
    this.#rows[slot] = row;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const rows = this.#rows;
    this.#hashes = new Int32Array(rows.length * 2);
    this.#rows = new Int32Array(rows.length * 2).fill(-1);
    rows.forEach((row, slot) => {
      if (row >= 0) this.#place(hashes[slot]!, row);
    });
  }
}

/** FNV-1a over the text's code units, mixed once more since its low bits choose the slot. */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) | 0;
}
