// Promises of this file:
//   P1  What it finds is what `SequenceRun` takes of the same events. Held by: tests/theorem.test.ts.
import type { SequenceDetectPlan } from '../../../plan/match-plan.ts';
import { ByteReader } from '../../../state/byte-reader.ts';
import type { KeyedLog } from '../../../state/keyed-log.ts';
import { atOf, bitsOf, isEventAt, readHeldEvent, type HeldEvent } from '../held-event.ts';
import { chainOf, type Chain } from './node-list.ts';
import type { Taken } from './sequence-run.ts';

const reader = new ByteReader();

const NONE_FOUND: readonly (readonly number[])[] = [];

/** More events of a key are looked at by `SequenceRun`, which goes on where it was. */
export const PLAIN_EVENTS_MAX = 128;

/**
 * A sequence of steps that each take one event, the next one that fits: every event begins at most one match, which
 * one look from left to right finds.
 */
export class PlainSteps {
  /** In the order in which events are taken: the bit of the test, and the index into the rule's steps. */
  readonly #bits: readonly number[];
  readonly #steps: readonly number[];
  /** Bits of the steps that others come after. */
  readonly #waiting: number;
  readonly #withinMs: number;
  readonly #isPastLast: boolean;
  /** By step: the latest first event of matches in the making that have come so far. */
  readonly #firsts: Float64Array;
  readonly #ats = new Float64Array(PLAIN_EVENTS_MAX);
  readonly #held = new Int32Array(PLAIN_EVENTS_MAX);
  /** The entries of the log that the events are. */
  readonly #entries = new Uint32Array(PLAIN_EVENTS_MAX);
  readonly #places: number[];
  /** The places of a match that is the only one, and the list of them. */
  readonly #only: number[];
  readonly #onlyOne: readonly (readonly number[])[];
  #count = 0;
  #hasTies = false;
  /** By row: no event of it is newer, and no match in the making began later. Infinity: not known. */
  #newestAt = new Float64Array(64).fill(Infinity);
  #waitsFrom = new Float64Array(64).fill(Infinity);

  private constructor({ withinMs, skip }: SequenceDetectPlan, line: readonly Place[]) {
    this.#bits = line.map(({ test }) => 1 << test);
    this.#steps = line.map(({ step }) => step);
    this.#waiting = this.#bits.slice(0, -1).reduce((all, bit) => all | bit, 0);
    this.#withinMs = withinMs;
    this.#isPastLast = skip.kind === 'past-last';
    this.#firsts = new Float64Array(line.length);
    this.#places = line.map(() => 0);
    this.#only = line.map(() => 0);
    this.#onlyOne = [this.#only];
  }

  /** null: the sequence asks for more than that. */
  static of(plan: SequenceDetectPlan): PlainSteps | null {
    const line = lineOf(plan);
    return line === null || 'step' in plan.skip ? null : new PlainSteps(plan, line);
  }

  /**
   * Reads times and conditions of all events of the row, without decoding them. false: it cannot be told from these,
   * since events of one time are not told apart.
   */
  look(log: KeyedLog, row: number): boolean {
    const ats = this.#ats;
    const held = this.#held;
    let count = 0;
    let hasTies = false;
    for (let entry = log.newest(row); entry !== 0; entry = log.before(entry)) {
      const bytes = log.bytesOf(entry);
      const start = log.startOf(entry);
      const at = atOf(bytes, start);
      let place = count++;
      // The newest comes first, so that the array is filled from its end in reading order.
      for (; place > 0 && ats[place - 1]! < at; place--) {
        ats[place] = ats[place - 1]!;
        held[place] = held[place - 1]!;
        this.#entries[place] = this.#entries[place - 1]!;
      }
      if (place > 0 && ats[place - 1] === at) hasTies = true;
      ats[place] = at;
      held[place] = bitsOf(reader, bytes, start);
      this.#entries[place] = entry;
    }
    this.#hold(row, count, hasTies);
    return !hasTies;
  }

  /** Of the row that was looked at. */
  get oldestAt(): number {
    return this.#count === 0 ? Infinity : this.#ats[this.#count - 1]!;
  }

  /**
   * The matches of the row that was looked at which begin at `from` or later: of each the places of its events, which are
   * counted from the newest. Those that end at `scannedTo` or before are left out, if SKIP does not ask for them. Valid
   * until the next look.
   */
  found(from: number, scannedTo: number): readonly (readonly number[])[] {
    let several: (readonly number[])[] | null = null;
    let hasOne = false;
    for (let first = this.#count - 1; first >= 0; first--) {
      if ((this.#held[first]! & this.#bits[0]!) === 0 || this.#ats[first]! < from) continue;
      if (!this.#isBegunBy(first)) continue;
      const places = this.#places;
      if (!this.#isPastLast && this.#ats[places[places.length - 1]!]! + 1 <= scannedTo) continue;
      if (several !== null) several.push(places.slice());
      else if (hasOne) several = [this.#only.slice(), places.slice()];
      else {
        for (let i = 0; i < places.length; i++) this.#only[i] = places[i]!;
        hasOne = true;
      }
    }
    if (several !== null) return this.#left(several);
    return hasOne ? this.#onlyOne : NONE_FOUND;
  }

  /**
   * What SKIP leaves of them, as they are completed: in the order in which they begin, since each takes the next event that
   * fits, and what begins later never takes an earlier one.
   */
  #left(found: (readonly number[])[]): readonly (readonly number[])[] {
    if (!this.#isPastLast) return found;
    let after = Infinity;
    return found.filter((places) => places[0]! < after && ((after = places.at(-1)!), true));
  }

  /** Does a match begin with the event at this place? Then `#places` are those of its events. */
  #isBegunBy(first: number): boolean {
    const until = this.#ats[first]! + this.#withinMs;
    let step = 0;
    for (let i = first; i >= 0 && this.#ats[i]! < until; i--) {
      if ((this.#held[i]! & this.#bits[step]!) === 0) continue;
      this.#places[step++] = i;
      if (step === this.#bits.length) return true;
    }
    return false;
  }

  /** Of the events at `from` or later that may begin a match and have begun none, the oldest; Infinity: none. */
  oldestWaiting(from: number): number {
    for (let first = this.#count - 1; first >= 0; first--) {
      if (this.#ats[first]! < from) continue;
      if (this.#hasTies) return this.#ats[first]!;
      if ((this.#held[first]! & this.#bits[0]!) !== 0 && !this.#isBegunBy(first))
        return this.#ats[first]!;
    }
    return Infinity;
  }

  /** One of them, whose events are decoded. Nothing of the log may have been changed since the look. */
  takenAt(log: KeyedLog, places: readonly number[], columns: number): Taken {
    let chain: Chain | null = null;
    for (let step = 0; step < places.length; step++) {
      const place = places[step]!;
      const entry = this.#entries[place]!;
      const event = readHeldEvent(log.bytesOf(entry), log.startOf(entry), columns);
      chain = chainOf(this.#count - 1 - place, event, this.#steps[step]!, chain);
    }
    return takenOf(chain!);
  }

  /** Whether these are the events of the match, under the same condition. */
  isMadeOf(log: KeyedLog, places: readonly number[], chain: Chain): boolean {
    let at: Chain | null = chain;
    for (let i = places.length - 1; i >= 0; i--, at = at.before) {
      const entry = this.#entries[places[i]!]!;
      if (at === null || !isEventAt(log.bytesOf(entry), log.startOf(entry), at.event)) return false;
    }
    return at === null;
  }

  /** The same for events that are decoded, in their order: what can wait is known again. */
  see(row: number, events: readonly HeldEvent[]): void {
    const count = events.length;
    let hasTies = false;
    for (let i = 0; i < count; i++) {
      const event = events[count - 1 - i]!;
      this.#ats[i] = event.at;
      this.#held[i] = event.columns[0] as number;
      if (i > 0 && this.#ats[i - 1] === event.at) hasTies = true;
    }
    this.#hold(row, count, hasTies);
  }

  #hold(row: number, count: number, hasTies: boolean): void {
    this.#count = count;
    this.#hasTies = hasTies;
    this.#remember(row, count, hasTies);
  }

  /** Leaves in `#firsts` what waits for each step but the last. */
  #pass(count: number): void {
    const firsts = this.#firsts.fill(-Infinity);
    for (let i = count - 1; i >= 0; i--) {
      const at = this.#ats[i]!;
      const bits = this.#held[i]!;
      for (let step = this.#bits.length - 1; step > 0; step--) {
        if ((bits & this.#bits[step]!) === 0) continue;
        const first = firsts[step - 1]!;
        firsts[step - 1] = -Infinity;
        if (at - first < this.#withinMs && first > firsts[step]!) firsts[step] = first;
      }
      if ((bits & this.#bits[0]!) !== 0) firsts[0] = at;
    }
  }

  /** All events of the row are in the arrays. */
  #remember(row: number, count: number, hasTies: boolean): void {
    if (row >= this.#newestAt.length) {
      this.#newestAt = longer(this.#newestAt, row);
      this.#waitsFrom = longer(this.#waitsFrom, row);
    }
    this.#pass(count);
    const newestAt = count === 0 ? -Infinity : this.#ats[0]!;
    let waitsFrom = hasTies ? newestAt : -Infinity;
    for (let step = 0; step < this.#bits.length - 1; step++)
      waitsFrom = Math.max(waitsFrom, this.#firsts[step]!);
    this.#newestAt[row] = newestAt;
    this.#waitsFrom[row] = waitsFrom;
  }

  /** No event of the row at `from` or later waits for another. */
  nothingWaits(row: number, from: number): boolean {
    return this.isKnown(row) && this.#waitsFrom[row]! < from;
  }

  /** All events of the row have been looked at, or may go by without. */
  isKnown(row: number): boolean {
    return (this.#newestAt[row] ?? Infinity) < Infinity;
  }

  /** Nothing is known of the row. */
  forget(row: number): void {
    if (row < this.#newestAt.length) this.#newestAt[row] = Infinity;
  }

  /**
   * Whether an event that was appended may complete a match. Where events come in order, those that begin one, and those
   * that nothing waits for, cannot.
   */
  mayComplete(row: number, bytes: Uint8Array, start: number, isAlone: boolean): boolean {
    if (isAlone) {
      this.#remember(row, 0, false);
    }
    const at = atOf(bytes, start);
    const bits = bitsOf(reader, bytes, start);
    const last = this.#bits.length - 1;
    const completes =
      (bits & this.#bits[last]!) !== 0 && at - this.#waitsFrom[row]! < this.#withinMs;
    if (last === 0 || completes || !(at > (this.#newestAt[row] ?? Infinity))) {
      this.forget(row);
      return true;
    }
    this.#newestAt[row] = at;
    // Whichever of them it goes on with: no match with it began later.
    if ((bits & this.#waiting) !== 0) this.#waitsFrom[row] = at;
    return false;
  }

  /** What SKIP leaves of the matches that begin with `events[boundary]` or later, as they are completed. */
  taken(events: readonly HeldEvent[], boundary: number, decidesFrom: number): Taken[] {
    const all: Chain[] = [];
    for (let first = boundary; first < events.length; first++) {
      const chain = this.#chainFrom(events, first);
      if (chain !== null && (this.#isPastLast || chain.event.at >= decidesFrom)) all.push(chain);
    }
    all.sort((a, b) => a.index - b.index || a.first.index - b.first.index);
    let after = -1;
    const left = this.#isPastLast
      ? all.filter(({ first, index }) => first.index > after && ((after = index), true))
      : all;
    return left.map(takenOf);
  }

  #chainFrom(events: readonly HeldEvent[], first: number): Chain | null {
    let chain: Chain | null = null;
    let step = 0;
    const until = events[first]!.at + this.#withinMs;
    for (let i = first; i < events.length && events[i]!.at < until; i++) {
      if (((events[i]!.columns[0] as number) & this.#bits[step]!) === 0) {
        if (step === 0) return null;
        continue;
      }
      chain = chainOf(i, events[i]!, this.#steps[step]!, chain);
      if (++step === this.#bits.length) return chain;
    }
    return null;
  }
}

function longer(from: Float64Array, row: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(Math.max(row + 1, Math.ceil(from.length * 1.5))).fill(Infinity);
  to.set(from);
  return to;
}

const takenOf = (chain: Chain): Taken => ({
  chain,
  at: chain.event.at,
  completedBy: chain,
  deadline: null,
  canGrow: false,
  isCut: false,
  decidedBy: chain.index,
  before: null,
});

interface Place {
  readonly test: number;
  readonly step: number;
}

/** The positions in their one order; null: there are several, or something more is asked. */
function lineOf({ automaton, tests }: SequenceDetectPlan): Place[] | null {
  const { positions, edges, starts, absents, cancel } = automaton;
  if (absents.length > 0 || cancel !== null) return null;
  if (tests.some(({ withMatch }) => withMatch !== null)) return null;
  const line: Place[] = [];
  for (let next = starts; next.length > 0;) {
    const edge = edges[next[0]!]!;
    const isFirst = line.length === 0;
    const isRelaxed = isFirst || edge.contiguity === 'relaxed';
    const isBare = edge.withinMs === null && edge.bars.length === 0 && edge.untils.length === 0;
    if (next.length > 1 || !isRelaxed || !isBare || line.length === positions.length) return null;
    const position = positions[edge.to]!;
    line.push({ test: edge.test, step: position.step });
    const isLast = position.edges.length === 0;
    if (isLast !== position.accepts.some((waitsFor) => waitsFor.length === 0)) return null;
    next = position.edges;
  }
  return line;
}
