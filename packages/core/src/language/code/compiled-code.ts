import type { AggregateFunction, CodePlan, EarlyPlan, ValuePlan } from '../../plan/plan.ts';

export interface CompiledCode {
  readonly plan: CodePlan;
  /** Of role 'aggregates' only. */
  readonly aggregates: readonly AggregateUse[];
  readonly early: EarlyPlan | null;
  /** Of role 'step': it reads earlier steps. */
  readonly readsMatch?: boolean;
}

/** One aggregate that HAVING reads. */
export interface AggregateUse {
  readonly fn: AggregateFunction;
  readonly arguments: readonly ValuePlan[];
  readonly parameter: number | null;
  readonly previous: boolean;
  readonly text: string;
  readonly span: { readonly start: number; readonly end: number };
}
