import type { CodePlan } from '../plan/plan.ts';
import { arm, noCallLimits } from './budget.ts';
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
  arm(noCallLimits);
  const made = make(ruleLibrary, slots) as (value: unknown) => unknown;
  if (plan.role === 'copy') return (value: unknown) => made(privateCopy(value));
  // What aggregates gave is read-only, as events are: it is told with the result, and asked again as `previous`.
  if (plan.role === 'aggregates') return (values: readonly unknown[]) => made(values.map(frozen));
  return made;
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

/** SINK may write to all of what it gets: no part of it is shared with anybody. */
function privateCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(privateCopy);
  // Not by assignment: `__proto__` is an ordinary name in data.
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, privateCopy(part)]));
}
