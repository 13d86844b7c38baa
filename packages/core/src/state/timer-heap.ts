/**
 * One timer for each row number: a binary heap in typed arrays, with the place of every row, so that a timer can be
 * moved. Setting and taking cost O(log n); a timer takes 16 bytes.
 */
export class TimerHeap {
  #rows = new Int32Array(16);
  #size = 0;
  /** By row: its place in the heap + 1 (0: no timer), and when it is due. */
  #place = new Int32Array(16);
  #due = new Float64Array(16);

  get size(): number {
    return this.#size;
  }

  get sizeBytes(): number {
    return this.#rows.byteLength + this.#place.byteLength + this.#due.byteLength;
  }

  /** Infinity: no timer. */
  due(row: number): number {
    return (this.#place[row] ?? 0) === 0 ? Infinity : this.#due[row]!;
  }

  /** The least due time; Infinity if there is no timer. */
  get next(): number {
    return this.#size === 0 ? Infinity : this.#due[this.#rows[0]!]!;
  }

  /** The row with the least due time; its timer is cleared. -1 if there is none. */
  take(): number {
    if (this.#size === 0) return -1;
    const row = this.#rows[0]!;
    this.clear(row);
    return row;
  }

  set(row: number, due: number): void {
    if (due === Infinity) return this.clear(row);
    this.#growTo(row);
    const before = this.#place[row]!;
    this.#due[row] = due;
    if (before === 0) {
      if (this.#size === this.#rows.length) this.#rows = doubled(this.#rows);
      this.#put(row, this.#size++);
    }
    this.#up(this.#place[row]! - 1);
    this.#down(this.#place[row]! - 1);
  }

  clear(row: number): void {
    const place = (this.#place[row] ?? 0) - 1;
    if (place < 0) return;
    this.#place[row] = 0;
    const last = this.#rows[--this.#size]!;
    if (last === row) return;
    this.#put(last, place);
    this.#up(place);
    this.#down(this.#place[last]! - 1);
  }

  #growTo(row: number): void {
    if (row < this.#place.length) return;
    const length = Math.max(row + 1, Math.ceil(this.#place.length * 1.5));
    const place = new Int32Array(length);
    place.set(this.#place);
    this.#place = place;
    const due = new Float64Array(length);
    due.set(this.#due);
    this.#due = due;
  }

  #put(row: number, place: number): void {
    this.#rows[place] = row;
    this.#place[row] = place + 1;
  }

  #up(place: number): void {
    const row = this.#rows[place]!;
    const due = this.#due[row]!;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#due[this.#rows[parent]!]! <= due) break;
      this.#put(this.#rows[parent]!, place);
      place = parent;
    }
    this.#put(row, place);
  }

  #down(place: number): void {
    const row = this.#rows[place]!;
    const due = this.#due[row]!;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (
        child + 1 < this.#size &&
        this.#due[this.#rows[child + 1]!]! < this.#due[this.#rows[child]!]!
      )
        child++;
      if (this.#due[this.#rows[child]!]! >= due) break;
      this.#put(this.#rows[child]!, place);
      place = child;
    }
    this.#put(row, place);
  }
}

function doubled(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
