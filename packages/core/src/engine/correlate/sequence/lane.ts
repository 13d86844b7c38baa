// Promises of this file:
//   Q1  Where no condition reads `match`, an event costs the automaton's size and not the number of partial matches.
//   Q2  A state is never changed: every event makes a new one, so the run can go back to any.
import type { HeldEvent } from '../held-event.ts';
import type { Asks, Automaton, Slot } from './automaton.ts';
import { allOf, merged, withDeadline, type Deadlines } from './deadlines.ts';
import { added, joined, nextFirst, pruned, visit, type Node, type NodeList } from './node-list.ts';

/** Partial matches, by what they wait for. */
export interface Lane {
  /** By slot. */
  readonly waiting: readonly (NodeList | null)[];
  /** Of the last event, by slot: the next event is the very next for them. */
  readonly fresh: readonly (NodeList | null)[];
  /** By closing. */
  readonly closing: readonly (Deadlines | null)[];
  readonly freshClosing: readonly (Deadlines | null)[];
}

export const emptyLane = ({ slots, closings }: Automaton): Lane => ({
  waiting: slots.map(() => null),
  fresh: slots.map(() => null),
  closing: closings.map(() => null),
  freshClosing: closings.map(() => null),
});

export interface LaneInput {
  readonly event: HeldEvent;
  readonly index: number;
  /** Matches that begin with an earlier event are no more. */
  readonly from: number;
  /** By absence: the newest earlier time at which it was there. Null: no match begins in this lane. */
  readonly seenAt: readonly number[] | null;
  /** Time of an event. */
  readonly atOf: (index: number) => number;
}

/** Lets an event pass. Gives the lane after it, and the nodes that it made. */
export function stepped(
  automaton: Automaton,
  lane: Lane,
  input: LaneInput,
): { lane: Lane; made: Node[] } {
  return new Step(automaton, lane, input).run();
}

class Step {
  readonly #automaton: Automaton;
  readonly #before: Lane;
  readonly #input: LaneInput;
  readonly #asks: Asks;
  readonly #waiting: (NodeList | null)[];
  readonly #fresh: (NodeList | null)[];
  readonly #closing: (Deadlines | null)[];
  readonly #freshClosing: (Deadlines | null)[];
  /** What came before the event, by position. */
  readonly #taken = new Map<number, NodeList[]>();

  constructor(automaton: Automaton, lane: Lane, input: LaneInput) {
    this.#automaton = automaton;
    this.#before = lane;
    this.#input = input;
    this.#asks = automaton.asks(input.event);
    this.#waiting = new Array<NodeList | null>(automaton.slots.length).fill(null);
    this.#fresh = new Array<NodeList | null>(automaton.slots.length).fill(null);
    this.#closing = new Array<Deadlines | null>(automaton.closings.length).fill(null);
    this.#freshClosing = new Array<Deadlines | null>(automaton.closings.length).fill(null);
  }

  run(): { lane: Lane; made: Node[] } {
    for (const slot of this.#automaton.slots) {
      this.#meet(slot, this.#before.waiting[slot.index]!, false);
      this.#meet(slot, this.#before.fresh[slot.index]!, true);
    }
    this.#meetClosings();
    const made: Node[] = [];
    this.#begin(made);
    for (const [position, lists] of this.#taken) this.#make(position, lists, made);
    for (const node of made) this.#place(node);
    const lane: Lane = {
      waiting: this.#waiting,
      fresh: this.#fresh,
      closing: this.#closing,
      freshClosing: this.#freshClosing,
    };
    return { lane, made };
  }

  /** Partial matches of one slot and the event: each takes it, waits on, or is no more. */
  #meet(slot: Slot, list: NodeList | null, isVeryNext: boolean): void {
    const { from, index } = this.#input;
    if (list === null || list.maxFirst < from) return;
    if (!this.#automaton.isEachAlone) {
      // What is dead is let go now and then, which costs the logarithm of what waits.
      this.#meetAlike(slot, index % 32 === 0 ? pruned(list, from)! : list, isVeryNext, null);
      return;
    }
    const nodes: Node[] = [];
    visit(list, from, (node) => nodes.push(node));
    // The oldest first, so that lists stay in order.
    for (const node of nodes.reverse()) this.#meetAlike(slot, added(null, node), isVeryNext, node);
  }

  /** Partial matches for which all conditions are alike. */
  #meetAlike(slot: Slot, list: NodeList, isVeryNext: boolean, node: Node | null): void {
    const { edge } = slot;
    const { cancel, absents } = this.#automaton.plan.automaton;
    const asks = (test: number): boolean => this.#asks(test, node);
    if (cancel !== null && asks(cancel)) return;
    if (edge.untils.some(({ hasBegun, test }) => hasBegun && asks(test))) return;
    let lifted = 0;
    slot.bars.forEach((bar, i) => {
      const isOver =
        (bar.isNext && !isVeryNext) ||
        (bar.until !== null &&
          asks(bar.until) &&
          bar.canEnd &&
          (bar.untilAlso === null || asks(bar.untilAlso)));
      if (isOver) lifted |= 1 << i;
    });
    const isBarred = slot.bars.some(
      ({ test, exceptTest }, i) =>
        ((lifted >>> i) & 1) === 0 &&
        test !== null &&
        asks(test) &&
        !(exceptTest !== null && asks(exceptTest)),
    );
    if (isBarred) return;
    const isAbsentBroken = (isNext: boolean): boolean =>
      edge.absents.some((one) => absents[one]!.isNext === isNext && asks(absents[one]!.test));
    if (isVeryNext && isAbsentBroken(true)) return;
    const passes = asks(edge.test);
    if (passes && !edge.untils.some(({ test }) => asks(test))) this.#take(slot, list);
    if (edge.contiguity === 'next' || (edge.contiguity === 'relaxed' && passes)) return;
    if (isAbsentBroken(false)) return;
    const to = slot.without[lifted]!;
    this.#waiting[to] = joined(this.#waiting[to]!, list, this.#input.from);
  }

  #take({ edge }: Slot, list: NodeList): void {
    let near: NodeList | null = list;
    if (edge.withinMs !== null) {
      const { event, from } = this.#input;
      const nodes: Node[] = [];
      visit(list, from, (node) => {
        if (event.at - node.event.at < edge.withinMs!) nodes.push(node);
      });
      near = null;
      for (const node of nodes.reverse()) near = added(near, node);
    }
    if (near === null) return;
    const lists = this.#taken.get(edge.to);
    if (lists === undefined) this.#taken.set(edge.to, [near]);
    else lists.push(near);
  }

  /** Matches that begin with the event. */
  #begin(made: Node[]): void {
    const { seenAt, event, index } = this.#input;
    if (seenAt === null) return;
    const { starts, edges, absents } = this.#automaton.plan.automaton;
    const begun = new Set<number>();
    for (const start of starts) {
      const { to, test, untils, absents: leading } = edges[start]!;
      const begins =
        !begun.has(to) &&
        this.#asks(test, null) &&
        !untils.some((until) => this.#asks(until.test, null)) &&
        leading.every((one) => seenAt[one]! <= event.at - (absents[one]!.withinMs ?? 0));
      if (!begins) continue;
      begun.add(to);
      made.push(this.#node(to, [], index, index, made));
    }
  }

  #make(position: number, lists: NodeList[], made: Node[]): void {
    if (!this.#automaton.isEachAlone) {
      const minFirst = Math.min(...lists.map((list) => list.minFirst));
      const maxFirst = Math.max(...lists.map((list) => list.maxFirst));
      made.push(this.#node(position, lists, minFirst, maxFirst, made));
      return;
    }
    for (const list of lists)
      visit(list, this.#input.from, (node) =>
        made.push(this.#node(position, [added(null, node)], node.minFirst, node.maxFirst, made)),
      );
  }

  #node(
    position: number,
    before: readonly NodeList[],
    minFirst: number,
    maxFirst: number,
    siblings: readonly Node[],
  ): Node {
    const { index, event } = this.#input;
    const { step } = this.#automaton.plan.automaton.positions[position]!;
    return { index, event, position, step, before, base: null, minFirst, maxFirst, siblings };
  }

  #place(node: Node): void {
    const automaton = this.#automaton;
    for (const slot of automaton.slotsOf[node.position]!)
      this.#fresh[slot] = added(this.#fresh[slot]!, node);
    for (const closing of automaton.closingsOf[node.position]!) {
      // Of matches that share the node, the one that begins first is the first to be complete.
      const first = nextFirst([node], this.#input.from);
      if (first === Infinity) continue;
      const at = deadlineOf(automaton, closing, node, first, this.#input.atOf);
      this.#freshClosing[closing] = withDeadline(this.#freshClosing[closing]!, { at, first, node });
    }
  }

  /** What waits for a deadline: an event of an absence, or CANCEL, ends it. */
  #meetClosings(): void {
    const { closings, isEachAlone, plan } = this.#automaton;
    const { absents, cancel } = plan.automaton;
    for (const { index, absents: own } of closings) {
      const isBroken = (node: Node | null, isVeryNext: boolean): boolean =>
        (cancel !== null && this.#asks(cancel, node)) ||
        own.some(
          (one) => (!absents[one]!.isNext || isVeryNext) && this.#asks(absents[one]!.test, node),
        );
      const kept = (heap: Deadlines | null, isVeryNext: boolean): Deadlines | null => {
        if (heap === null) return null;
        if (!isEachAlone) return isBroken(null, isVeryNext) ? null : heap;
        let left: Deadlines | null = null;
        for (const one of allOf(heap))
          if (!isBroken(one.node, isVeryNext)) left = withDeadline(left, one);
        return left;
      };
      this.#closing[index] = merged(
        kept(this.#before.closing[index]!, false),
        kept(this.#before.freshClosing[index]!, true),
      );
    }
  }
}

/** When a match through `node` that begins with event `first` is complete. */
export function deadlineOf(
  { plan, closings }: Automaton,
  closing: number,
  node: Node,
  first: number,
  atOf: (index: number) => number,
): number {
  const end = atOf(first) + plan.withinMs;
  const deadlines = closings[closing]!.absents.map((absent) => {
    const { withinMs } = plan.automaton.absents[absent]!;
    return withinMs === null ? end : node.event.at + withinMs;
  });
  return Math.min(end, ...deadlines);
}

/** A lane in which nothing waits but what may follow these nodes. */
export function laneAfter(automaton: Automaton, nodes: readonly Node[]): Lane {
  const fresh = new Array<NodeList | null>(automaton.slots.length).fill(null);
  for (const node of nodes)
    for (const slot of automaton.slotsOf[node.position]!) fresh[slot] = added(fresh[slot]!, node);
  return { ...emptyLane(automaton), fresh };
}
