// Promises of this file (tested against JSON.parse in json-decoder.test.ts):
//   J1  A record decodes if and only if it is a JSON text (RFC 8259) of an object, nested at most 512 deep.
//   J2  Spans are those of the values that a path finds in the parsed object; of repeated keys the last one holds.
import { decodeString } from './json-text.ts';
import { utf8Of } from '../functions/utf8.ts';
import type { Path } from '../plan/json.ts';
import type { ViewPlan } from '../plan/view-plan.ts';
import { foldedName } from '../plan/view-plan.ts';
import { pathTree, type PathEntry, type PathNode, type PathTree } from './path-tree.ts';
import type { DecodedBatch, Decoder } from './record-batch.ts';

const DEPTH_MAX = 512;
/** Spellings of keys learnt in one object: keys that are made up anew in every event are not worth it. */
const LEARNT_MAX = 2000;

/** Reads JSON objects into spans of the wanted paths. One pass over the bytes; no objects are made. */
export function makeJsonDecoder(paths: readonly Path[], view: ViewPlan | null = null): Decoder {
  return new JsonDecoder(paths, view);
}

class JsonDecoder implements Decoder {
  readonly #tree: PathTree;
  readonly #width: number;
  readonly #cells: Int32Array;
  /** Cells that the record at hand wrote, each once: few of all that could be. */
  readonly #touched: Int32Array;
  readonly #isTouched: Uint8Array;
  #touchedCount = 0;
  /** By slot of the record at hand: rank of the reading that is taken. */
  readonly #ranks: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #depth = 0;
  #objects = 0;
  #reason = '';
  #failedAt = 0;
  #index = new Int32Array(0);
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);
  #spans = new Int32Array(0);

  constructor(paths: readonly Path[], view: ViewPlan | null) {
    this.#tree = pathTree(paths, view);
    this.#width = paths.length;
    this.#cells = new Int32Array(this.#tree.cells * 2).fill(-1);
    this.#touched = new Int32Array(this.#tree.cells);
    this.#isTouched = new Uint8Array(this.#tree.cells);
    this.#ranks = new Int32Array(this.#width);
  }

  decode(bytes: Uint8Array, starts: Int32Array, lengths: Int32Array, count: number): DecodedBatch {
    this.#makeRoom(count);
    this.#bytes = bytes;
    const setAside: DecodedBatch['setAside'] = [];
    const width2 = this.#width * 2;
    let decoded = 0;
    for (let record = 0; record < count; record++) {
      const start = starts[record]!;
      const end = start + lengths[record]!;
      if (!this.#record(start, end)) {
        setAside.push({ index: record, reason: this.#reason, offset: this.#failedAt - start });
        this.#forget();
        continue;
      }
      this.#choose(decoded * width2);
      this.#index[decoded] = record;
      this.#starts[decoded] = start;
      this.#ends[decoded] = end;
      decoded++;
    }
    return {
      bytes,
      count: decoded,
      index: this.#index,
      starts: this.#starts,
      ends: this.#ends,
      spans: this.#spans,
      width: this.#width,
      setAside,
    };
  }

  #makeRoom(count: number): void {
    if (this.#index.length >= count) return;
    const room = Math.max(count, 2 * this.#index.length, 1024);
    this.#index = new Int32Array(room);
    this.#starts = new Int32Array(room);
    this.#ends = new Int32Array(room);
    this.#spans = new Int32Array(room * this.#width * 2);
  }

  /** Of the readings that found something, each slot takes the preferred one. */
  #choose(base: number): void {
    const { from, slots, ranks: ownRanks } = this.#tree.serves;
    const cells = this.#cells;
    const spans = this.#spans;
    const ranks = this.#ranks;
    const top = base + this.#width * 2;
    // A call costs more than a few fields do.
    if (this.#width > 32) spans.fill(-1, base, top);
    else for (let i = base; i < top; i += 2) spans[i] = -1;
    for (let i = 0; i < this.#touchedCount; i++) {
      const cell = this.#touched[i]!;
      const start = cells[cell * 2]!;
      if (start < 0) continue;
      const end = cells[cell * 2 + 1]!;
      for (let j = from[cell]!; j < from[cell + 1]!; j++) {
        const slot = slots[j]!;
        const rank = ownRanks[j]!;
        const at = base + slot * 2;
        if (spans[at]! >= 0 && ranks[slot]! <= rank) continue;
        spans[at] = start;
        spans[at + 1] = end;
        ranks[slot] = rank;
      }
    }
    this.#forget();
  }

  #forget(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const cell = this.#touched[i]!;
      this.#cells[cell * 2] = -1;
      this.#isTouched[cell] = 0;
    }
    this.#touchedCount = 0;
  }

  #fail(reason: string, at: number): -1 {
    // What runs over the end was cut off, whatever was expected there.
    this.#reason = at >= this.#end ? 'the record is cut off' : reason;
    this.#failedAt = Math.min(at, this.#end);
    return -1;
  }

  #record(start: number, end: number): boolean {
    const bytes = this.#bytes;
    this.#end = end;
    this.#depth = 0;
    let at = start;
    if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf && end - start >= 3)
      at += 3;
    at = this.#blank(at);
    if (at >= end) {
      this.#reason = 'the record is empty';
      this.#failedAt = end;
      return false;
    }
    if (bytes[at] !== 123) {
      const isOther = this.#value(at) >= 0;
      if (isOther) this.#fail('the record is not an object', at);
      return false;
    }
    at = this.#object(at, this.#tree.root);
    if (at < 0) return false;
    at = this.#blank(at);
    if (at < end) this.#fail('something follows the object', at);
    return at >= end;
  }

  #blank(at: number): number {
    const bytes = this.#bytes;
    let i = at;
    while (i < this.#end) {
      const code = bytes[i]!;
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
      i++;
    }
    return i;
  }

  /** Reads an object from its brace; `node` says what is wanted of it, null: nothing. Index after it, or -1. */
  #object(from: number, node: PathNode | null): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const id = ++this.#objects;
    if (++this.#depth > DEPTH_MAX) return this.#fail(`nested deeper than ${DEPTH_MAX}`, from);
    let at = this.#blank(from + 1);
    if (at < end && bytes[at] === 125) {
      this.#depth--;
      return at + 1;
    }
    for (;;) {
      if (at >= end || bytes[at] !== 34) return this.#fail('a name in quotes is expected', at);
      const keyStart = at + 1;
      at = this.#string(keyStart);
      if (at < 0) return -1;
      const entry = node === null ? null : this.#entry(node, keyStart, at - 1);
      if (bytes[at] !== 58 || at >= end) {
        at = this.#blank(at);
        if (at >= end || bytes[at] !== 58) return this.#fail('a colon is expected', at);
      }
      at++;
      if (bytes[at]! <= 32) at = this.#blank(at);
      if (entry === null) at = this.#value(at);
      else at = this.#wanted(at, entry, id);
      if (at < 0) return -1;
      if (at < end && bytes[at]! <= 32) at = this.#blank(at);
      const code = at < end ? bytes[at] : -1;
      if (code === 44) {
        at++;
        if (bytes[at]! <= 32) at = this.#blank(at);
        continue;
      }
      if (code !== 125) return this.#fail('a comma or the end of the object is expected', at);
      this.#depth--;
      return at + 1;
    }
  }

  #wanted(at: number, entry: PathEntry, object: number): number {
    if (entry.seenIn === object && !this.#replaces(entry)) return this.#value(at);
    entry.seenIn = object;
    entry.isExact = this.#isExact;
    const after =
      this.#bytes[at] === 123 && at < this.#end ? this.#object(at, entry.node) : this.#value(at);
    if (after >= 0 && entry.cell >= 0) this.#note(entry.cell, at, after);
    return after;
  }

  #note(cell: number, start: number, end: number): void {
    this.#cells[cell * 2] = start;
    this.#cells[cell * 2 + 1] = end;
    if (this.#isTouched[cell] !== 0) return;
    this.#isTouched[cell] = 1;
    this.#touched[this.#touchedCount++] = cell;
  }

  /** Of a key that comes again in one object the last holds; but the exact spelling of a name before all others. */
  #replaces({ cells, isExact }: PathEntry): boolean {
    if (isExact && !this.#isExact) return false;
    for (const cell of cells) this.#cells[cell * 2] = -1;
    return true;
  }

  /** The key read last is spelt as somebody asks for it, and not the same but for case and blanks. */
  #isExact = false;

  #entry(node: PathNode, start: number, end: number): PathEntry | null {
    const bytes = this.#bytes;
    const spellings = node.byLength[end - start];
    if (spellings !== undefined) {
      search: for (const { key, entry, isExact } of spellings) {
        for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) continue search;
        this.#isExact = isExact;
        return entry;
      }
    }
    return this.#stringEscaped || node.folded !== null ? this.#other(node, start, end) : null;
  }

  /** A key that was not met before as it is spelt here: with escapes, or in other letters. */
  #other(node: PathNode, start: number, end: number): PathEntry | null {
    const isRaw = !this.#stringEscaped;
    const text = decodeString(this.#bytes, start, end);
    const key = utf8Of(text);
    const known = node.byLength[key.length]?.find((one) =>
      one.key.every((byte, i) => byte === key[i]),
    );
    this.#isExact = known?.isExact ?? false;
    if (known !== undefined) return known.entry;
    if (node.folded === null) return null;
    const entry = node.folded.get(foldedName(text)) ?? null;
    if (isRaw && node.learnt < LEARNT_MAX) {
      node.learnt++;
      (node.byLength[key.length] ??= []).push({ key, entry, isExact: false });
    }
    return entry;
  }

  /** The string read last held an escape or bytes that are not ASCII. */
  #stringEscaped = false;

  /** Reads a string from after its quote. Index after the closing quote, or -1. */
  #string(from: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    this.#stringEscaped = false;
    let i = from;
    for (;;) {
      while (PLAIN[bytes[i]!] === 1) i++;
      if (i >= end) break;
      const code = bytes[i]!;
      if (code === 34) return i + 1;
      if (code < 32) return this.#fail('a control character in a string', i);
      this.#stringEscaped = true;
      if (code === 92) {
        i = this.#escape(i + 1);
        if (i < 0) return -1;
      }
      i++;
    }
    return this.#fail('', end);
  }

  /** Index of the escape's last character. */
  #escape(at: number): number {
    const bytes = this.#bytes;
    const code = at < this.#end ? bytes[at]! : 0;
    if (code === 117) {
      for (let i = at + 1; i <= at + 4; i++) {
        const digit = i < this.#end ? bytes[i]! : 0;
        const isHex = (digit >= 48 && digit <= 57) || ((digit | 32) >= 97 && (digit | 32) <= 102);
        if (!isHex) return this.#fail('\\u needs four hex digits', i);
      }
      return at + 4;
    }
    const isKnown =
      code === 34 ||
      code === 92 ||
      code === 47 ||
      code === 98 ||
      code === 102 ||
      code === 110 ||
      code === 114 ||
      code === 116;
    return isKnown ? at : this.#fail('this escape is not known', at);
  }

  /** Reads any value of which nothing is wanted. */
  #value(at: number): number {
    const code = at < this.#end ? this.#bytes[at]! : -1;
    if (code === 34) return this.#string(at + 1);
    if (code === 45 || (code >= 48 && code <= 57)) return this.#number(at);
    if (code === 123) return this.#object(at, null);
    if (code === 91) return this.#array(at);
    if (code === 116) return this.#word(at, TRUE);
    if (code === 102) return this.#word(at, FALSE);
    if (code === 110) return this.#word(at, NULL);
    return this.#fail('a value is expected', at);
  }

  #array(from: number): number {
    const bytes = this.#bytes;
    if (++this.#depth > DEPTH_MAX) return this.#fail(`nested deeper than ${DEPTH_MAX}`, from);
    let at = this.#blank(from + 1);
    if (bytes[at] === 93 && at < this.#end) {
      this.#depth--;
      return at + 1;
    }
    for (;;) {
      at = this.#value(at);
      if (at < 0) return -1;
      at = this.#blank(at);
      const code = at < this.#end ? bytes[at] : -1;
      if (code === 93) {
        this.#depth--;
        return at + 1;
      }
      if (code !== 44) return this.#fail('a comma or the end of the list is expected', at);
      at = this.#blank(at + 1);
    }
  }

  #word(at: number, word: Uint8Array): number {
    for (let i = 0; i < word.length; i++)
      if (at + i >= this.#end || this.#bytes[at + i] !== word[i])
        return this.#fail('a value is expected', at + i);
    return at + word.length;
  }

  #number(from: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = bytes[from] === 45 ? from + 1 : from;
    const first = at < end ? bytes[at]! : 0;
    if (first < 48 || first > 57) return this.#fail('a digit is expected', at);
    at++;
    if (first !== 48) at = this.#digits(at);
    else if (at < end && bytes[at]! >= 48 && bytes[at]! <= 57)
      return this.#fail('a number may not begin with 0', at);
    if (at < end && bytes[at] === 46) {
      const after = this.#digits(at + 1);
      if (after === at + 1) return this.#fail('a digit is expected', after);
      at = after;
    }
    if (at < end && (bytes[at]! | 32) === 101) {
      at++;
      if (at < end && (bytes[at] === 43 || bytes[at] === 45)) at++;
      const after = this.#digits(at);
      if (after === at) return this.#fail('a digit is expected', after);
      at = after;
    }
    return at;
  }

  #digits(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (at < this.#end && bytes[at]! >= 48 && bytes[at]! <= 57) at++;
    return at;
  }
}

/** Bytes of a string that need no second look: ASCII but quote, backslash and control characters. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 32 && code < 0x80 && code !== 34 && code !== 92 ? 1 : 0,
);

const TRUE = utf8Of('true');
const FALSE = utf8Of('false');
const NULL = utf8Of('null');
