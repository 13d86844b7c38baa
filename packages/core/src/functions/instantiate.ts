import type { CodePlan } from '../plan/plan.ts';
import { ruleLibrary } from './rule-library.ts';

/**
 * Makes a function of generated code. `slots` are the reader's numbers for `plan.paths`; `compile` evaluates one
 * expression outside any scope. The source was printed by the compiler; the author's own text is never evaluated.
 */
export function instantiate(
  plan: CodePlan,
  slots: Int32Array,
  compile: (source: string) => unknown,
): unknown {
  const make = compile(plan.source) as (library: typeof ruleLibrary, slots: Int32Array) => unknown;
  return make(ruleLibrary, slots);
}
