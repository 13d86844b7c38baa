// Promises of this file:
//   R1  Every byte of a stream is in one record, between records (white space, commas, the brackets of a list), or in a
//       record that was too long, which is told.
//   R2  Where pieces of the stream end does not matter.

/** Where a record lies in the bytes that were given with it. */
export interface Split {
  readonly starts: number[];
  readonly lengths: number[];
  /** Ordinals of the records in the stream, from 1. */
  readonly numbers: number[];
  /** Records that are longer than the limit: what they are called, and how many bytes were left out. */
  readonly tooLong: { readonly number: number; readonly bytes: number }[];
  /** What must be given again in front of the next piece begins here. */
  rest: number;
}

const NEWLINE = 10;

/** Finds records in a stream of JSON: one a line, or the elements of a list, or objects that follow each other. */
export class RecordSplitter {
  readonly #limitBytes: number;
  #form: 'lines' | 'values' | null = null;
  #number: number;
  /** Bytes of a record that is too long and is being passed over. */
  #skipped = 0;
  // For values: how deep the text is nested, and whether it stands in a string.
  #scannedTo = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #valueStart = -1;

  /** `firstNumber`: of the first record. */
  constructor(limitBytes: number, firstNumber = 1) {
    this.#number = firstNumber - 1;
    this.#limitBytes = limitBytes;
  }

  /** Records that were found so far. */
  get records(): number {
    return this.#number;
  }

  /** `bytes` begins with what was left the last time. */
  split(bytes: Uint8Array, isLast: boolean): Split {
    const split: Split = { starts: [], lengths: [], numbers: [], tooLong: [], rest: 0 };
    this.#form ??= formOf(bytes, isLast);
    if (this.#form === null) return split;
    if (this.#form === 'lines') this.#lines(bytes, isLast, split);
    else this.#values(bytes, isLast, split);
    if (isLast && this.#skipped > 0) {
      split.tooLong.push({ number: ++this.#number, bytes: this.#skipped });
      this.#skipped = 0;
    }
    return split;
  }

  #lines(bytes: Uint8Array, isLast: boolean, split: Split): void {
    let start = 0;
    while (start < bytes.length) {
      let end = bytes.indexOf(NEWLINE, start);
      if (end < 0) {
        if (!isLast) break;
        end = bytes.length;
      }
      this.#record(bytes, start, end, split);
      start = end + 1;
    }
    this.#leave(bytes, Math.min(start, bytes.length), split);
  }

  #record(bytes: Uint8Array, start: number, end: number, split: Split): void {
    if (this.#skipped > 0) {
      split.tooLong.push({ number: ++this.#number, bytes: this.#skipped + end - start });
      this.#skipped = 0;
      return;
    }
    if (end - start > this.#limitBytes) {
      split.tooLong.push({ number: ++this.#number, bytes: end - start });
      return;
    }
    let to = end;
    while (to > start && bytes[to - 1]! <= 32 && isBlank(bytes[to - 1]!)) to--;
    let from = start;
    while (from < to && isBlank(bytes[from]!)) from++;
    if (from === to) return;
    split.starts.push(from);
    split.lengths.push(to - from);
    split.numbers.push(++this.#number);
  }

  /** Keeps what has no end yet, but of a record that is too long only how long it is. */
  #leave(bytes: Uint8Array, from: number, split: Split): void {
    split.rest = from;
    const length = bytes.length - from;
    if (this.#skipped === 0 && length <= this.#limitBytes) return;
    this.#skipped += length;
    split.rest = bytes.length;
  }

  #values(bytes: Uint8Array, isLast: boolean, split: Split): void {
    let start = this.#valueStart;
    for (let i = this.#scannedTo; i < bytes.length; i++) {
      const code = bytes[i]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === 92) this.#escaped = true;
        else if (code === 34) this.#inString = false;
        continue;
      }
      const isBetween = isBlank(code) || code === 44 || code === 91 || code === 93;
      if (start < 0) {
        if (isBetween) continue;
        start = i;
      }
      if (code === 34) this.#inString = true;
      else if (code === 123 || code === 91) this.#depth++;
      else if (code === 125 || code === 93) this.#depth--;
      // A bare word or number ends before a comma, a bracket or a blank; an object with its brace.
      const endsHere = this.#depth === 0 && code === 125;
      const endedBefore = this.#depth < 0 || (this.#depth === 0 && isBetween && code !== 91);
      if (!endsHere && !endedBefore) continue;
      this.#depth = 0;
      this.#record(bytes, start, endsHere ? i + 1 : i, split);
      start = -1;
    }
    if (isLast && start >= 0) {
      this.#record(bytes, start, bytes.length, split);
      start = -1;
    }
    this.#leave(bytes, start < 0 ? bytes.length : start, split);
    this.#valueStart = start < 0 ? -1 : 0;
    this.#scannedTo = bytes.length - split.rest;
  }
}

const isBlank = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;

/** A list begins with its bracket; an object whose first line is only its brace is written over several lines. */
function formOf(bytes: Uint8Array, isLast: boolean): 'lines' | 'values' | null {
  let i = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (i < bytes.length && isBlank(bytes[i]!)) i++;
  if (i === bytes.length) return isLast ? 'lines' : null;
  if (bytes[i] === 91) return 'values';
  if (bytes[i] !== 123) return 'lines';
  for (i++; i < bytes.length && isBlank(bytes[i]!); i++) if (bytes[i] === NEWLINE) return 'values';
  return i < bytes.length || isLast ? 'lines' : null;
}
