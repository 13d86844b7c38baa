/**
 * A set of row numbers, in the order in which they were added. Rows are numbered from 0 without large gaps. Costs a byte for
 * each row up to the highest that ever was in it; each question to it is a look into an array.
 */
export class RowSet {
  readonly #rows: number[] = [];
  #isIn = new Uint8Array(64);

  add(row: number): void {
    if (row >= this.#isIn.length) this.#grow(row);
    if (this.#isIn[row] === 1) return;
    this.#isIn[row] = 1;
    this.#rows.push(row);
  }

  has(row: number): boolean {
    return row < this.#isIn.length && this.#isIn[row] === 1;
  }

  clear(): void {
    for (const row of this.#rows) this.#isIn[row] = 0;
    this.#rows.length = 0;
  }

  /** What is added while one goes through it comes last. */
  get rows(): readonly number[] {
    return this.#rows;
  }

  #grow(row: number): void {
    const isIn = new Uint8Array(Math.max(row + 1, Math.ceil(this.#isIn.length * 1.5)));
    isIn.set(this.#isIn);
    this.#isIn = isIn;
  }
}
