// Promises of this file:
//   R1  What was taken is a function of the events in their order and of what was carried: an event that comes late is
//       put where it belongs, and all after it is done again.
//   R2  An event that comes last costs what one event costs, whatever the key holds.
import type { HeldEvent } from '../held-event.ts';
import type { Automaton } from './automaton.ts';
import { compareDeadlines, withDeadline, withoutLeast, type Deadline } from './deadlines.ts';
import { deadlineOf, emptyLane, laneAfter, stepped, type Lane } from './lane.ts';
import { nextFirst, type Chain, type Node } from './node-list.ts';
import { rankedPaths, type RankedPath } from './ranked-paths.ts';

/** One completing event gives at most so many matches. */
export const MATCHES_MAX = 100;

/** A match that SKIP left. */
export interface Taken {
  readonly chain: Chain;
  /** When it was first complete: its last event's time then, or a deadline. */
  readonly at: number;
  /** The event that first completed it (or was its last before the deadline). */
  readonly completedBy: Chain;
  /** It waited for this time; null: it was complete with its last event. */
  readonly deadline: number | null;
  /** What may follow its end extends it. */
  readonly canGrow: boolean;
  /** More matches were complete at this moment than are given. */
  readonly isCut: boolean;
  /** Index of the event at which it was decided; + 0.5: the clock decided it. */
  readonly decidedBy: number;
  /** What it was before it grew. */
  readonly before: Taken | null;
}

/** All that matters after an event. Never changed. */
interface State {
  readonly lane: Lane;
  readonly extension: { readonly lane: Lane; readonly first: number } | null;
  /** A match must begin with a later event than this. */
  readonly boundary: number;
  /** By absence: the newest time at which it was there. */
  readonly seenAt: readonly number[];
  /** The first event that is less than the span before the newest one. */
  readonly from: number;
  /** How many matches were taken at one moment. */
  readonly counted: { readonly at: number; readonly last: number; readonly count: number };
}

type Mutable<Value> = { -readonly [Name in keyof Value]: Value[Name] };

export interface RunStart {
  /** Matches must begin after the first so many events. */
  readonly boundary: number;
  /** Matches that are complete earlier were decided before, and are neither taken nor told. */
  readonly decidesFrom: number;
}

/** The matches of one key. */
export class SequenceRun {
  readonly automaton: Automaton;
  readonly #compare: (a: HeldEvent, b: HeldEvent) => number;
  readonly #decidesFrom: number;
  #events: HeldEvent[] = [];
  /** Index of `#events[0]`. */
  #offset = 0;
  /** `#states[i]` holds after event `#stateFrom + i`. */
  #states: State[];
  #stateFrom = -1;
  #taken: Taken[] = [];
  /** SKIP TO NEXT: events that a match begins with, and what decided it. */
  readonly #used = new Map<number, number>();
  readonly #leading: readonly number[];

  constructor(
    automaton: Automaton,
    compare: (a: HeldEvent, b: HeldEvent) => number,
    start: RunStart,
  ) {
    this.automaton = automaton;
    this.#compare = compare;
    this.#decidesFrom = start.decidesFrom;
    const { absents, starts, edges } = automaton.plan.automaton;
    this.#leading = [...new Set(starts.flatMap((edge) => edges[edge]!.absents))];
    this.#states = [
      {
        lane: emptyLane(automaton),
        extension: null,
        boundary: start.boundary - 1,
        seenAt: absents.map(() => -Infinity),
        from: 0,
        counted: { at: Number.NaN, last: -1, count: 0 },
      },
    ];
  }

  get size(): number {
    return this.#events.length;
  }

  /** Time of the oldest event; Infinity if there is none. */
  get oldestAt(): number {
    return this.#events[0]?.at ?? Infinity;
  }

  /** How many events are older than a time. */
  countBefore(time: number): number {
    let from = 0;
    for (let to = this.#events.length; from < to;) {
      const middle = (from + to) >>> 1;
      if (this.#events[middle]!.at < time) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Takes events, in any order. */
  add(events: readonly HeldEvent[]): void {
    const sorted = [...events].sort(this.#compare);
    let place = this.#events.length;
    while (
      place > 0 &&
      sorted.length > 0 &&
      this.#compare(this.#events[place - 1]!, sorted[0]!) > 0
    )
      place--;
    this.#goBackTo(this.#offset + place);
    if (place < this.#events.length) {
      const tail = this.#events.splice(place);
      this.#events.push(...[...tail, ...sorted].sort(this.#compare));
    } else for (const event of sorted) this.#events.push(event);
    for (let i = place; i < this.#events.length; i++) this.#pass(this.#offset + i);
  }

  /** What is taken when the clock has come so far; deadlines up to then are decided. */
  takenAt(clock: number): readonly Taken[] {
    const end = this.#offset + this.#events.length;
    this.#forget(end - 0.5);
    const state: Mutable<State> = { ...this.#states.at(-1)! };
    this.#advance(state, clock, end - 0.5);
    return this.#taken;
  }

  /** The earliest deadline that is waited for; Infinity if there is none. */
  get nextDeadline(): number {
    const { lane, extension } = this.#states.at(-1)!;
    return Math.min(leastOf(lane)?.at ?? Infinity, leastOf(extension?.lane)?.at ?? Infinity);
  }

  /** No event before `settledBefore` will come. */
  settle(settledBefore: number): void {
    let keep = 0;
    while (keep + 1 < this.#states.length && this.#at(this.#stateFrom + keep + 1) < settledBefore)
      keep++;
    if (keep > 0) {
      this.#states.splice(0, keep);
      this.#stateFrom += keep;
    }
  }

  /** Lets go the events before a time, and the matches that begin with them. Gives these. */
  trim(before: number): { events: number; taken: Taken[] } {
    let events = 0;
    const most = this.#stateFrom - this.#offset + 1;
    while (events < most && this.#events[events]!.at < before) events++;
    this.#events.splice(0, events);
    this.#offset += events;
    const taken = this.#taken.filter(({ chain }) => chain.first.index < this.#offset);
    if (taken.length > 0)
      this.#taken = this.#taken.filter(({ chain }) => chain.first.index >= this.#offset);
    for (const first of this.#used.keys()) if (first < this.#offset) this.#used.delete(first);
    return { events, taken };
  }

  get taken(): readonly Taken[] {
    return this.#taken;
  }

  readonly #atOf = (index: number): number => this.#at(index);

  #at(index: number): number {
    return this.#events[index - this.#offset]?.at ?? -Infinity;
  }

  #goBackTo(index: number): void {
    this.#states.length = Math.max(1, index - this.#stateFrom);
    this.#forget(index - 0.5);
  }

  /** Takes back what was decided by later events than this. */
  #forget(decided: number): void {
    for (let last = this.#taken.at(-1); last !== undefined; last = this.#taken.at(-1)) {
      if (last.decidedBy < decided) break;
      this.#taken.pop();
      if (last.before !== null) this.#taken.push(last.before);
    }
    if (this.automaton.plan.skip.kind === 'to-next')
      for (const [first, by] of this.#used) if (by >= decided) this.#used.delete(first);
  }

  /** One event, in order. */
  #pass(index: number): void {
    const event = this.#events[index - this.#offset]!;
    const state: Mutable<State> = { ...this.#states.at(-1)! };
    this.#advance(state, event.at, index);
    while (this.#at(state.from) <= event.at - this.automaton.plan.withinMs) state.from++;
    const isExtended = this.#passExtension(state, event, index);
    if (!isExtended) {
      const from = Math.max(state.from, state.boundary + 1);
      const input = { event, index, from, seenAt: state.seenAt, atOf: this.#atOf };
      const { lane, made } = stepped(this.automaton, state.lane, input);
      state.lane = lane;
      const roots = made.filter(({ position }) => this.automaton.isComplete[position]);
      if (roots.length > 0) this.#complete(state, roots, event.at, null, index, from);
    }
    if (this.#leading.length > 0) this.#look(state, event);
    this.#states.push(state);
  }

  #look(state: Mutable<State>, event: HeldEvent): void {
    const asks = this.automaton.asks(event);
    const seenAt = [...state.seenAt];
    for (const absent of this.#leading)
      if (asks(this.automaton.plan.automaton.absents[absent]!.test, null))
        seenAt[absent] = event.at;
    state.seenAt = seenAt;
  }

  /** The match taken last may go on. true: it has grown by the event. */
  #passExtension(state: Mutable<State>, event: HeldEvent, index: number): boolean {
    const { extension } = state;
    if (extension === null) return false;
    if (extension.first < state.from) {
      state.extension = null;
      return false;
    }
    const { first } = extension;
    const input = { event, index, from: first, seenAt: null, atOf: this.#atOf };
    const { lane, made } = stepped(this.automaton, extension.lane, input);
    state.extension = { lane, first };
    const roots = made.filter(({ position }) => this.automaton.isComplete[position]);
    if (roots.length === 0) return false;
    this.#grow(state, rankedPaths(roots, first, 1)[0]!, null, index);
    state.lane = emptyLane(this.automaton);
    return true;
  }

  /** The match taken last is now a longer one. */
  #grow(
    state: Mutable<State>,
    { chain, ends }: RankedPath,
    deadline: number | null,
    index: number,
  ): void {
    const before = this.#taken.at(-1)!;
    this.#taken[this.#taken.length - 1] = {
      ...before,
      chain,
      deadline: deadline ?? before.deadline,
      decidedBy: index,
      before,
    };
    state.boundary = chain.index;
    state.extension = this.#extensionOf(chain, ends, index);
  }

  #extensionOf(chain: Chain, ends: readonly Node[], index: number): State['extension'] {
    const first = chain.first.index;
    const nodes: Node[] = [];
    for (const node of ends)
      nodes.push({
        ...node,
        before: [],
        base: chain,
        minFirst: first,
        maxFirst: first,
        siblings: nodes,
      });
    if (!nodes.some(({ position }) => this.automaton.slotsOf[position]!.length > 0)) return null;
    let lane = laneAfter(this.automaton, nodes);
    // A match that waited for its deadline: what has come since its last event may already follow it.
    for (let later = chain.index + 1; later < index; later++) {
      const event = this.#events[later - this.#offset]!;
      const input = { event, index: later, from: first, seenAt: null, atOf: this.#atOf };
      lane = stepped(this.automaton, lane, input).lane;
    }
    return { lane, first };
  }

  /** Decides deadlines up to `until`, in their order. */
  #advance(state: Mutable<State>, until: number, index: number): void {
    for (;;) {
      const own = leastOf(state.lane);
      const other = state.extension === null ? null : leastOf(state.extension.lane);
      const isOther = other !== null && (own === null || compareDeadlines(other, own) < 0);
      const least = isOther ? other : own;
      if (least === null || least.at > until) return;
      if (isOther) {
        const { first } = state.extension!;
        const { lane, nodes } = this.#popped(state.extension!.lane, least, first);
        state.extension = { lane, first };
        this.#grow(state, rankedPaths(nodes, first, 1)[0]!, least.at, index);
        continue;
      }
      const { lane, nodes } = this.#popped(state.lane, least, state.boundary + 1);
      state.lane = lane;
      if (least.first > state.boundary)
        this.#complete(state, nodes, least.at, least.first, index, least.first);
    }
  }

  /** Takes out all that is due with `least`; matches of the same nodes that begin later stay. */
  #popped(lane: Lane, least: Deadline, from: number): { lane: Lane; nodes: Node[] } {
    const nodes: Node[] = [];
    const take = (heaps: Lane['closing']): Lane['closing'] =>
      heaps.map((heap, closing) => {
        let left = heap;
        while (left !== null && compareDeadlines(left.least, least) === 0) {
          const { node } = left.least;
          nodes.push(node);
          left = withoutLeast(left);
          const first = nextFirst([node], Math.max(from, least.first + 1));
          if (first < Infinity) {
            const at = deadlineOf(this.automaton, closing, node, first, this.#atOf);
            left = withDeadline(left, { at, first, node });
          }
        }
        return left;
      });
    return {
      lane: { ...lane, closing: take(lane.closing), freshClosing: take(lane.freshClosing) },
      nodes,
    };
  }

  /** Matches are complete: takes those that SKIP leaves. `onlyFirst`: the event that they begin with. */
  #complete(
    state: Mutable<State>,
    roots: readonly Node[],
    at: number,
    onlyFirst: number | null,
    index: number,
    from: number,
  ): void {
    if (at < this.#decidesFrom) return;
    const { kind } = this.automaton.plan.skip;
    let first = onlyFirst ?? nextFirst(roots, from);
    while (first < Infinity) {
      const isFull = kind === 'past-last' || kind === 'to-next';
      if (kind !== 'to-next' || !this.#used.has(first)) {
        const room = MATCHES_MAX - this.#countedAt(state, at, roots[0]!.index);
        for (const path of rankedPaths(roots, first, isFull ? 1 : room + 1)) {
          if (first <= state.boundary) break;
          if (this.#countedAt(state, at, roots[0]!.index) >= MATCHES_MAX) return this.#cut();
          this.#take(state, path, at, onlyFirst === null ? null : at, index);
        }
      }
      if (kind === 'past-last' || onlyFirst !== null) return;
      first = nextFirst(roots, Math.max(first, state.boundary) + 1);
    }
  }

  #countedAt({ counted }: State, at: number, last: number): number {
    return counted.at === at && counted.last === last ? counted.count : 0;
  }

  #cut(): void {
    const last = this.#taken.at(-1)!;
    this.#taken[this.#taken.length - 1] = { ...last, isCut: true };
  }

  #take(
    state: Mutable<State>,
    { chain, ends }: RankedPath,
    at: number,
    deadline: number | null,
    index: number,
  ): void {
    const { skip } = this.automaton.plan;
    const count = this.#countedAt(state, at, chain.index) + 1;
    state.counted = { at, last: chain.index, count };
    let canGrow = false;
    if (skip.kind === 'past-last') {
      state.boundary = chain.index;
      state.extension = this.#extensionOf(chain, ends, index);
      canGrow = state.extension !== null;
      if (deadline === null) state.lane = emptyLane(this.automaton);
    } else if (skip.kind === 'to-next') this.#used.set(chain.first.index, index);
    else if ('step' in skip) {
      const own = eventOfStep(chain, skip.step, skip.kind === 'to-first');
      if (own !== null) state.boundary = Math.max(state.boundary, own - 1);
    }
    this.#taken.push({
      chain,
      at,
      completedBy: chain,
      deadline,
      canGrow,
      isCut: false,
      decidedBy: index,
      before: null,
    });
  }
}

function eventOfStep(chain: Chain, step: number, isFirst: boolean): number | null {
  let found: number | null = null;
  for (let at: Chain | null = chain; at !== null; at = at.before) {
    if (at.step !== step) continue;
    found = at.index;
    if (!isFirst) break;
  }
  return found;
}

function leastOf(lane: Lane | undefined): Deadline | null {
  if (lane === undefined) return null;
  let least: Deadline | null = null;
  for (const heaps of [lane.closing, lane.freshClosing])
    for (const heap of heaps)
      if (heap !== null && (least === null || compareDeadlines(heap.least, least) < 0))
        least = heap.least;
  return least;
}
