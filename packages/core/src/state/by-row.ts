/**
 * One thing for each row number, for some of the rows: a list with holes. Rows are numbered from 0 without large gaps. Costs
 * 8 bytes for each row up to the highest that ever had something.
 */
export class ByRow<T> {
  readonly #items: (T | undefined)[] = [];

  get(row: number): T | undefined {
    return row < this.#items.length ? this.#items[row] : undefined;
  }

  has(row: number): boolean {
    return this.get(row) !== undefined;
  }

  set(row: number, item: T): void {
    // Without a jump, for which V8 would make a hash table of it.
    while (this.#items.length < row) this.#items.push(undefined);
    this.#items[row] = item;
  }

  delete(row: number): void {
    if (row < this.#items.length) this.#items[row] = undefined;
  }

  /** Rows that have something. */
  rows(): number[] {
    const rows: number[] = [];
    this.#items.forEach((item, row) => {
      if (item !== undefined) rows.push(row);
    });
    return rows;
  }
}
