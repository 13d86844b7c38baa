import type { BarPlan, EdgePlan, SequenceDetectPlan } from '../../../plan/match-plan.ts';
import type { HeldEvent } from '../held-event.ts';
import { MatchReader, type MatchCode } from './match-reader.ts';
import { chainOf, type Chain, type Node } from './node-list.ts';

/** An edge with the bars that still hold: where partial matches wait. */
export interface Slot {
  readonly index: number;
  readonly edge: EdgePlan;
  readonly bars: readonly BarPlan[];
  /** By the set of bars that were lifted just now (as bits of `bars`): where what waits goes on waiting. */
  readonly without: readonly number[];
}

/** One way to be complete that waits for a deadline. */
export interface Closing {
  readonly index: number;
  readonly absents: readonly number[];
}

/** Does the condition hold for the event, in the match that `node` ends? */
export type Asks = (test: number, node: Node | null) => boolean;

/** The plan of a sequence, made ready to run. */
export class Automaton {
  readonly plan: SequenceDetectPlan;
  readonly slots: readonly Slot[];
  /** By position: its slots with all bars, and its closings. */
  readonly slotsOf: readonly (readonly number[])[];
  readonly closings: readonly Closing[];
  readonly closingsOf: readonly (readonly number[])[];
  /** By position: is it complete at once? */
  readonly isComplete: readonly boolean[];
  /** Some condition reads `match`: then each partial match has nodes of its own. */
  readonly isEachAlone: boolean;
  readonly #withMatch: readonly (MatchReader | null)[];

  /** `codes`: of the tests, in their order; null where a test does not read `match`. */
  constructor(plan: SequenceDetectPlan, codes: readonly (MatchCode | null)[]) {
    this.plan = plan;
    const { edges, positions } = plan.automaton;
    const slots: Slot[] = [];
    const slotOfEdge = edges.map((edge) => addSlots(edge, slots));
    this.slots = slots;
    this.slotsOf = positions.map((position) => position.edges.map((edge) => slotOfEdge[edge]!));
    const closings: Closing[] = [];
    this.closingsOf = positions.map(({ accepts }) =>
      accepts
        .filter((absents) => absents.length > 0)
        .map((absents) => closings.push({ index: closings.length, absents }) - 1),
    );
    this.closings = closings;
    this.isComplete = positions.map(({ accepts }) => accepts.some(({ length }) => length === 0));
    this.#withMatch = plan.tests.map(({ withMatch }, i) =>
      withMatch === null ? null : new MatchReader(plan, withMatch, codes[i]!),
    );
    this.isEachAlone = this.#withMatch.some((one) => one !== null);
  }

  /** How conditions are asked of an event. What code throws is no match. */
  asks(event: HeldEvent): Asks {
    const bits = event.columns[0] as number;
    return (test, node) => {
      if (((bits >>> test) & 1) === 0) return false;
      const reader = this.#withMatch[test];
      if (reader === null || reader === undefined) return true;
      return reader.holds(event, node === null ? null : pathTo(node));
    };
  }
}

function addSlots(edge: EdgePlan, slots: Slot[]): number {
  const base = slots.length;
  const sets = 1 << edge.bars.length;
  // Slot base + s holds what waits with the bars whose bits are not in s.
  for (let lifted = 0; lifted < sets; lifted++) {
    const held = edge.bars.map((_, i) => i).filter((i) => ((lifted >>> i) & 1) === 0);
    const without = Array.from({ length: 1 << held.length }, (_, now) => {
      let all = lifted;
      held.forEach((bar, i) => {
        if (((now >>> i) & 1) === 1) all |= 1 << bar;
      });
      return base + all;
    });
    slots.push({ index: slots.length, edge, bars: held.map((i) => edge.bars[i]!), without });
  }
  return base;
}

/** The events of the one match that a node of its own ends. */
export function pathTo(node: Node): Chain {
  const nodes: Node[] = [];
  let at = node;
  for (; at.before.length > 0; at = at.before[0]!.tree.node) nodes.push(at);
  let chain: Chain = at.base ?? chainOf(at.index, at.event, at.step, null);
  for (const { index, event, step } of nodes.reverse()) chain = chainOf(index, event, step, chain);
  return chain;
}
