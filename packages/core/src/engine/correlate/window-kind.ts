import type { AllDetectPlan } from '../../plan/match-plan.ts';
import type { CorrelateDetectPlan, WindowDetectPlan } from '../../plan/plan.ts';
import type { Partitions } from '../time/partitions.ts';
import { AllWithin } from './all-within.ts';
import type { WindowKind } from './candidates.ts';
import { Having, type HavingCode } from './having.ts';
import { compareHeldEvents, type HeldEvent } from './held-event.ts';
import { HoppingWindows } from './hopping.ts';
import { Joins } from './joins.ts';
import { ScannedWindows } from './scanned.ts';
import type { MatchCode } from './sequence/match-reader.ts';
import { Sequences } from './sequence/sequences.ts';
import { SlidingWindows } from './sliding.ts';

/** Code of a rule that is asked of events that are kept. */
export interface CorrelateCode {
  readonly having: HavingCode | null;
  /** Of the tests of parts, in their order: those that read `match`. */
  readonly tests: readonly (MatchCode | null)[];
}

/** A version of the rule before this one, whose state goes on: it says what is true at times before `until`. */
export interface OldVersion {
  readonly detect: CorrelateDetectPlan;
  readonly code: CorrelateCode;
  readonly until: number;
}

/** What finds results in the events of a key, by what the rule says of them. */
export function windowKindOf(
  detect: CorrelateDetectPlan,
  code: CorrelateCode,
  partitions: Partitions,
  olds: readonly OldVersion[] = [],
): WindowKind {
  const compare = (a: HeldEvent, b: HeldEvent): number => compareHeldEvents(partitions, a, b);
  const ofMatch = code.having as MatchCode | null;
  switch (detect.kind) {
    case 'sequence':
      return new Sequences(detect, code.tests, ofMatch, compare);
    case 'all':
      return new AllWithin(
        detect,
        ofMatch,
        olds.map((old) => ({
          plan: old.detect as AllDetectPlan,
          having: old.code.having as MatchCode | null,
          until: old.until,
        })),
      );
    case 'join':
      return new Joins(detect, ofMatch);
    case 'window': {
      const having = new Having(detect, code.having);
      const { window } = detect;
      if (window.kind === 'hopping')
        return new HoppingWindows(window.lengthMs, window.slideMs, having);
      if (window.kind === 'sliding') {
        const before = olds.map((old) => ({
          having: new Having(old.detect as WindowDetectPlan, old.code.having),
          until: old.until,
        }));
        return new SlidingWindows(window, having, before);
      }
      return new ScannedWindows(window, having);
    }
  }
}
