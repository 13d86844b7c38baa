import type { EventReader } from '../../../plan/event-reader.ts';
import type { MatchCodePlan, PartsPlan, StepFacts } from '../../../plan/match-plan.ts';
import type { HeldEvent } from '../held-event.ts';
import { RowReader } from '../row-reader.ts';
import type { Chain } from './node-list.ts';

/** Instantiated code of role 'step', 'match' or 'pair'. */
export type MatchCode = (first: unknown, second: unknown) => unknown;

/** `match` as rule code sees it: the events of its steps, by name. */
export type MatchValue = Readonly<Record<string, EventReader | readonly EventReader[] | undefined>>;

/** Hands events of a match to code of the rule. */
export class MatchReader {
  readonly #plan: PartsPlan & { readonly steps?: readonly StepFacts[] };
  readonly #code: MatchCode;
  readonly #of: MatchCodePlan;

  constructor(plan: PartsPlan, of: MatchCodePlan, code: MatchCode) {
    this.#plan = plan;
    this.#of = of;
    this.#code = code;
  }

  reader(event: HeldEvent): EventReader {
    return new RowReader(event, this.#of.reads, this.#of.code.paths, this.#plan.columns);
  }

  /** Asks a condition of a step. What it throws is no match. */
  holds(event: HeldEvent, match: Chain | null): boolean {
    try {
      return Boolean(this.#code(this.reader(event), this.#match(match)));
    } catch {
      return false;
    }
  }

  /** HAVING of a sequence. Throws what rule code throws. */
  judge(match: Chain): unknown {
    return this.#code(this.#match(match), undefined);
  }

  /** Of events that are named otherwise: HAVING of ALL and JOIN. Throws what rule code throws. */
  call(first: unknown, second: unknown): unknown {
    return this.#code(first, second);
  }

  #match(chain: Chain | null): MatchValue {
    const match = Object.create(null) as Record<string, EventReader | EventReader[] | undefined>;
    for (const { name, isList } of this.#plan.steps ?? []) match[name] = isList ? [] : undefined;
    for (let at = chain; at !== null; at = at.before) {
      const { name, isList } = this.#plan.steps![at.step]!;
      if (isList) (match[name] as EventReader[]).push(this.reader(at.event));
      else match[name] = this.reader(at.event);
    }
    for (const list of Object.values(match)) if (Array.isArray(list)) list.reverse();
    return match;
  }
}
