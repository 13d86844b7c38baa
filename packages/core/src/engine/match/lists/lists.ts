import type { Json } from '../../../plan/json.ts';
import type { ListPlan } from '../../../plan/source-plan.ts';
import { IndicatorList, type IndicatorRow } from './indicator-list.ts';

/** The lists that rules ask, by name. */
export class Lists {
  readonly #byName = new Map<string, IndicatorList>();

  /** Takes a list's rows, in place of those it had. */
  load(plan: ListPlan, rows: Uint8Array): IndicatorList {
    const list = new IndicatorList(plan, rows);
    this.#byName.set(plan.name, list);
    return list;
  }

  /** Rows that a loaded list has besides, and such that it has no more. A list that is not loaded stays so. */
  change(name: string, add: readonly string[], remove: readonly string[]): void {
    const before = this.#byName.get(name);
    if (before === undefined) return;
    this.load(before.plan, before.rowsWith(add, remove));
  }

  /** null: no row says this value. A list that was not loaded has no rows. */
  find(name: string, value: Json | undefined): IndicatorRow | null {
    return this.#byName.get(name)?.find(value) ?? null;
  }
}
