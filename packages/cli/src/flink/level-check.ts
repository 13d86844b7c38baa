import type { RulePlan } from '@weir/core';
import { levelsOf } from '@weir/core/plan/reading.ts';
import { stateTextOf } from '@weir/core/plan/state-text.ts';
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

/** Fails if rules that go on with what they have seen would be of another level: their state is in the stage of the old one. */
export function checkLevelMoves(before: readonly RulePlan[], next: readonly RulePlan[]): void {
  const levelsBefore = levelsOf(before).levels;
  const levels = levelsOf(next).levels;
  const moved = next.filter((rule, i) => {
    const was = before.findIndex(({ id }) => id === rule.id);
    if (was < 0 || rule.detect.kind === 'simple' || levels[i] === levelsBefore[was]) return false;
    return stateTextOf(rule) === stateTextOf(before[was]!);
  });
  if (moved.length === 0) return;
  throw new Failure(
    `the edit would move these rules to another level, and what they have seen stays where it is: ${moved.map(({ name }) => name).join(', ')}; give them another FILTER, key or ID so that they begin anew, or begin a new job`,
  );
}
