// A deterministic automaton that is made while texts are read, as RE2's is (R. Cox, "Regular Expression Matching in the
// Wild", 2010). A state is the set of places that a match may have come to, with what kind of unit was read last
// where an assertion may ask that.
//   P1  A unit costs one look into a table, or at most the number of the automaton's states where that is not filled yet.
//   P2  The table is bounded. When it is full it is begun anew; where that happens too often, the rest of the text is
//       read without it, at the price of P1's second half.
//   P3  The answer is given at the first unit that settles it.
import { ASSERT, ASSERTIONS, MATCH, SET, SPLIT, type Nfa } from './nfa.ts';
import {
  highClassOf,
  LINE_END,
  makeUnitClasses,
  NOTHING,
  OTHER,
  WORD,
  type UnitClasses,
} from './unit-classes.ts';

const TABLE_STATES_MAX = 2000;
const TABLE_INTS_MAX = 1 << 17;
/** RE2's figure: a table that is filled faster than this many units for each state is not worth having. */
const UNITS_PER_STATE = 10;

/** Units that are paid for at once. */
export const UNITS_PAID = 64;

const free = (): void => {};

// In the table: the row of the next state, or one of these.
const UNKNOWN = -1;
const DEAD = -2;
const FOUND = -3;
/** Not in the table: go on without it. */
const THRASHES = -4;

const TEXT_BEGIN = ASSERTIONS.indexOf('text begin');
const TEXT_END = ASSERTIONS.indexOf('text end');
const LINE_BEGIN = ASSERTIONS.indexOf('line begin');
const LINE_END_ASSERTION = ASSERTIONS.indexOf('line end');
const WORD_EDGE = ASSERTIONS.indexOf('word edge');

function holds(assertion: number, before: number, after: number): boolean {
  if (assertion === TEXT_BEGIN) return before === NOTHING;
  if (assertion === TEXT_END) return after === NOTHING;
  if (assertion === LINE_BEGIN) return before === NOTHING || before === LINE_END;
  if (assertion === LINE_END_ASSERTION) return after === NOTHING || after === LINE_END;
  return ((before === WORD) !== (after === WORD)) === (assertion === WORD_EDGE);
}

export class LazyDfa {
  readonly #nfa: Nfa;
  readonly #classes: UnitClasses;
  readonly #hasAssertions: boolean;
  /** Words of 32 bits that hold one bit for each state of the automaton. */
  readonly #words: number;
  readonly #rowsMax: number;

  #table: Int32Array;
  #sets: Uint32Array;
  #before: Uint8Array;
  #rows = 0;
  readonly #rowsByHash = new Map<number, number[]>();
  /** By the kind of the unit before. */
  readonly #starts = new Int32Array(4).fill(UNKNOWN);
  #unitsSinceEmpty = 0;

  /** Where matches may begin after a unit was read. */
  readonly #fresh: Uint32Array;
  readonly #asserting: Uint32Array;
  readonly #kindsSeen: Uint8Array;
  #next: Uint32Array;
  #spare: Uint32Array;
  readonly #reached: RoundMarks;
  readonly #asked: RoundMarks;

  /** How much was done so far: units read, and states of the automaton looked at. */
  steps = 0;

  /** `rowsMax`: the most states that the table holds. */
  constructor(nfa: Nfa, rowsMax = TABLE_STATES_MAX) {
    this.#nfa = nfa;
    this.#hasAssertions = nfa.operations.includes(ASSERT);
    this.#classes = makeUnitClasses(nfa.sets, this.#hasAssertions);
    const size = nfa.operations.length;
    this.#words = (size + 31) >> 5;
    const ints = this.#classes.count + this.#words;
    const rowsThatFit = Math.max(16, Math.floor(TABLE_INTS_MAX / ints));
    this.#rowsMax = Math.min(rowsMax, rowsThatFit);
    this.#table = new Int32Array(8 * this.#classes.count);
    this.#sets = new Uint32Array(8 * this.#words);
    this.#before = new Uint8Array(8);
    this.#next = new Uint32Array(this.#words);
    this.#spare = new Uint32Array(this.#words);
    this.#asserting = assertingStates(nfa, this.#words);
    this.#kindsSeen = kindsSeen(nfa);
    this.#reached = new RoundMarks(size);
    this.#asked = new RoundMarks(size);
    this.#begin(OTHER);
    this.#fresh = this.#next.slice();
  }

  /**
   * Fills the table for all texts there can be; false: it does not hold them, or more than `stepsMax` steps would be
   * needed. Says the same for the same pattern where nothing was read before.
   */
  fill(stepsMax: number): boolean {
    const { count } = this.#classes;
    for (const before of [NOTHING, WORD, LINE_END, OTHER]) this.#start(before);
    for (let row = 0; row < this.#rows; row++)
      for (let unitClass = 0; unitClass < count; unitClass++) {
        if (this.#rows >= this.#rowsMax || this.steps > stepsMax) return false;
        if (this.#table[row * count + unitClass] === UNKNOWN) this.#make(row * count, unitClass);
      }
    return true;
  }

  /** Memory of the table and what belongs to it, roughly. */
  get bytes(): number {
    return (
      4 * (this.#table.length + this.#sets.length) + 160 * this.#rows + this.#classes.holds.length
    );
  }

  /**
   * Is there a match that begins at `from` or after it? `pay` is told of units before they are read, UNITS_PAID at a
   * time, and may throw.
   */
  test(text: string, from = 0, pay: (units: number) => void = free): boolean {
    const { low, count } = this.#classes;
    let state = this.#start(from === 0 ? NOTHING : this.#kindAt(text, from - 1));
    if (state < 0) return state === FOUND;
    let table = this.#table;
    let counted = from;
    for (let at = from; at < text.length;) {
      const stop = Math.min(at + UNITS_PAID, text.length);
      pay(stop - at);
      for (; at < stop; at++) {
        const unit = text.charCodeAt(at);
        const unitClass = unit < 256 ? low[unit]! : highClassOf(this.#classes, unit);
        let next = table[state + unitClass]!;
        if (next === UNKNOWN) {
          this.#countUnits(at - counted);
          counted = at;
          next = this.#make(state, unitClass);
          table = this.#table;
        }
        if (next < 0) {
          this.#countUnits(at + 1 - counted);
          return next === THRASHES ? this.#walk(text, at + 1, stop, pay) : next === FOUND;
        }
        state = next;
      }
    }
    this.#countUnits(text.length - counted);
    const end = table[state + count - 1]!;
    return (end === UNKNOWN ? this.#make(state, count - 1) : end) === FOUND;
  }

  /** Reads on from the set in `#next` without the table; up to `paid` it is paid for. */
  #walk(text: string, from: number, paid: number, pay: (units: number) => void): boolean {
    const end = this.#classes.count - 1;
    let stop = paid;
    for (let at = from; at <= text.length; at++) {
      if (at === stop && at < text.length) {
        stop = Math.min(at + UNITS_PAID, text.length);
        pay(stop - at);
      }
      const now = this.#next;
      this.#next = this.#spare;
      this.#spare = now;
      const unitClass = at < text.length ? this.#classAt(text, at) : end;
      const came = this.#advance(now, 0, this.#kindAt(text, at - 1), unitClass);
      if (came !== UNKNOWN) return came === FOUND;
    }
    return false;
  }

  #countUnits(units: number): void {
    this.steps += units;
    this.#unitsSinceEmpty += units;
  }

  #kindAt(text: string, at: number): number {
    return this.#hasAssertions ? this.#classes.kinds[this.#classAt(text, at)]! : OTHER;
  }

  #classAt(text: string, at: number): number {
    const unit = text.charCodeAt(at);
    return unit < 256 ? this.#classes.low[unit]! : highClassOf(this.#classes, unit);
  }

  // ---- states are made --------------------------------------------------------------------------------------------

  #start(before: number): number {
    const known = this.#starts[before]!;
    if (known !== UNKNOWN) return known;
    const found = this.#begin(before);
    return (this.#starts[before] = found ? FOUND : this.#rowOfNext(before));
  }

  /** Fills `#next` with where a match may begin; true: it is one already. */
  #begin(before: number): boolean {
    this.#next.fill(0);
    this.#reached.begin();
    return this.#reach(this.#nfa.start, before === NOTHING);
  }

  #make(state: number, unitClass: number): number {
    const { count, kinds } = this.#classes;
    const row = state / count;
    let made = this.#advance(this.#sets, row * this.#words, this.#before[row]!, unitClass);
    if (made === UNKNOWN) {
      if (this.#rows >= this.#rowsMax) {
        const isFast = this.#unitsSinceEmpty < UNITS_PER_STATE * this.#rowsMax;
        this.#empty();
        if (isFast) return THRASHES;
        return this.#rowOfNext(kinds[unitClass]!);
      }
      made = this.#rowOfNext(kinds[unitClass]!);
    }
    this.#table[state + unitClass] = made;
    return made;
  }

  #empty(): void {
    this.#rows = 0;
    this.#rowsByHash.clear();
    this.#starts.fill(UNKNOWN);
    this.#unitsSinceEmpty = 0;
  }

  /** The row of the set in `#next`, found or made. */
  #rowOfNext(before: number): number {
    const words = this.#words;
    const next = this.#next;
    const seen = this.#hasNextAssertions() ? this.#kindsSeen[before]! : OTHER;
    let hash = seen;
    for (let i = 0; i < words; i++) {
      hash = Math.imul(hash ^ next[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const alike = this.#rowsByHash.get(hash);
    const known = alike?.find((row) => this.#before[row] === seen && this.#isNext(row));
    if (known !== undefined) return known * this.#classes.count;
    const row = this.#rows++;
    if (row === this.#before.length) this.#grow();
    this.#sets.set(next, row * words);
    this.#before[row] = seen;
    const { count } = this.#classes;
    this.#table.fill(UNKNOWN, row * count, (row + 1) * count);
    if (alike === undefined) this.#rowsByHash.set(hash, [row]);
    else alike.push(row);
    return row * count;
  }

  #isNext(row: number): boolean {
    const base = row * this.#words;
    for (let i = 0; i < this.#words; i++) if (this.#sets[base + i] !== this.#next[i]) return false;
    return true;
  }

  #hasNextAssertions(): boolean {
    return this.#hasAssertions && this.#asserting.some((word, i) => (word & this.#next[i]!) !== 0);
  }

  #grow(): void {
    const rows = Math.min(this.#before.length * 2, Math.max(this.#rowsMax, this.#rows));
    const table = new Int32Array(rows * this.#classes.count);
    table.set(this.#table);
    this.#table = table;
    const sets = new Uint32Array(rows * this.#words);
    sets.set(this.#sets);
    this.#sets = sets;
    const before = new Uint8Array(rows);
    before.set(this.#before);
    this.#before = before;
  }

  // ---- one unit is read -------------------------------------------------------------------------------------------

  /** From a set of states over a unit to the set in `#next`: FOUND, DEAD, or UNKNOWN where it is to be looked at. */
  #advance(sets: Uint32Array, base: number, before: number, unitClass: number): number {
    const { kinds, count } = this.#classes;
    const isEnd = unitClass === count - 1;
    const next = this.#next;
    if (isEnd) next.fill(0);
    else next.set(this.#fresh);
    this.#reached.begin();
    this.#asked.begin();
    const after = kinds[unitClass]!;
    for (let i = 0; i < this.#words; i++)
      for (let rest = sets[base + i]!; rest !== 0; rest &= rest - 1) {
        const state = i * 32 + 31 - Math.clz32(rest & -rest);
        const isFound =
          this.#nfa.operations[state] === SET
            ? this.#read(state, unitClass)
            : this.#ask(state, before, after, unitClass);
        if (isFound) return FOUND;
      }
    return !isEnd && next.some((word) => word !== 0) ? UNKNOWN : DEAD;
  }

  /** What follows an assertion that holds is asked of the same unit. True: a match is complete. */
  #ask(from: number, before: number, after: number, unitClass: number): boolean {
    const { operations, next, value } = this.#nfa;
    const asked = this.#asked;
    asked.push(from);
    for (let state = asked.pop(); state >= 0; state = asked.pop()) {
      this.steps++;
      const operation = operations[state];
      if (operation === MATCH) return true;
      if (operation === SET) {
        if (this.#read(state, unitClass)) return true;
      } else if (operation === SPLIT) {
        asked.push(value[state]!);
        asked.push(next[state]!);
      } else if (holds(value[state]!, before, after)) asked.push(next[state]!);
    }
    return false;
  }

  #read(state: number, unitClass: number): boolean {
    this.steps++;
    const { operations, value, next } = this.#nfa;
    const { holds: members, count } = this.#classes;
    if (members[value[state]! * count + unitClass] !== 1) return false;
    const to = next[state]!;
    if (operations[to] !== SET) return this.#reach(to, false);
    this.#next[to >> 5]! |= 1 << (to & 31);
    return false;
  }

  /** Adds to `#next` what is reached without reading; true: a match is among it. */
  #reach(from: number, isTextBegin: boolean): boolean {
    const { operations, next, value } = this.#nfa;
    const reached = this.#reached;
    reached.push(from);
    for (let state = reached.pop(); state >= 0; state = reached.pop()) {
      this.steps++;
      const operation = operations[state];
      if (operation === MATCH) return true;
      if (operation === SPLIT) {
        reached.push(value[state]!);
        reached.push(next[state]!);
        // What asks for the begin of the text will never hold again, so a pattern that begins with it ends early.
      } else if (operation === SET || isTextBegin || value[state] !== TEXT_BEGIN)
        this.#next[state >> 5]! |= 1 << (state & 31);
    }
    return false;
  }
}

function assertingStates({ operations }: Nfa, words: number): Uint32Array {
  const states = new Uint32Array(words);
  operations.forEach((operation, state) => {
    if (operation === ASSERT) states[state >> 5]! |= 1 << (state & 31);
  });
  return states;
}

/** By the kind of the unit before: as what the assertions of the pattern see it. Less told apart are fewer rows. */
function kindsSeen({ operations, value }: Nfa): Uint8Array {
  const asks = (...assertions: number[]): boolean =>
    operations.some((operation, i) => operation === ASSERT && assertions.includes(value[i]!));
  const seen = new Uint8Array(4).fill(OTHER);
  const asksWords = asks(WORD_EDGE, ASSERTIONS.indexOf('no word edge'));
  if (asks(TEXT_BEGIN, LINE_BEGIN)) seen[NOTHING] = NOTHING;
  if (asks(LINE_BEGIN)) seen[LINE_END] = LINE_END;
  if (asksWords) seen[WORD] = WORD;
  return seen;
}

/** States still to be visited, each once a round. */
class RoundMarks {
  readonly #rounds: Int32Array;
  readonly #waiting: Int32Array;
  #length = 0;
  #round = 0;

  constructor(size: number) {
    this.#rounds = new Int32Array(size);
    this.#waiting = new Int32Array(size);
  }

  begin(): void {
    this.#length = 0;
    if (++this.#round < 0x7fffffff) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  push(state: number): void {
    if (this.#rounds[state] === this.#round) return;
    this.#rounds[state] = this.#round;
    this.#waiting[this.#length++] = state;
  }

  /** -1: there is none. */
  pop(): number {
    return this.#length === 0 ? -1 : this.#waiting[--this.#length]!;
  }
}
