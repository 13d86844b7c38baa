import type { RulePlan } from '@weir/core';
import { levelsOf } from '@weir/core/plan/reading.ts';
import { Failure } from '../failure.ts';

/** How many levels a job needs to run these rules: rules that read no results are of the first. */
export const levelsNeeded = (rules: readonly RulePlan[]): number =>
  1 + Math.max(0, ...levelsOf(rules).levels);

/** Fails if the job has fewer levels than the rules need, and says which rules ask for more. */
export function checkLevels(rules: readonly RulePlan[], levels: number, whose: string): void {
  const needed = levelsOf(rules).levels;
  const above = rules.filter((_, i) => needed[i]! >= levels).map(({ name }) => name);
  if (above.length === 0) return;
  throw new Failure(
    `${whose} has ${levels} level${levels === 1 ? '' : 's'}, and the rules need ${levelsNeeded(rules)}, since these read results of other rules: ${above.join(', ')}; start the job with --levels ${levelsNeeded(rules)} (a running one: stop it with a savepoint, and submit from that)`,
  );
}
