import type { CodeUnitSet } from './code-unit-set.ts';

/** What holds between two code units. `text begin` is `^` without the flag `m`, `line begin` is `^` with it. */
export type Assertion =
  'text begin' | 'text end' | 'line begin' | 'line end' | 'word edge' | 'no word edge';

/**
 * A regular expression with its flags worked in: letter case is in the sets, `.` is a set, `^` and `$` say which they
 * are. Groups and laziness are gone, since only "is there a match?" is ever asked.
 */
export type PatternTree =
  | { readonly kind: 'set'; readonly set: CodeUnitSet }
  | { readonly kind: 'assertion'; readonly holds: Assertion }
  | { readonly kind: 'sequence'; readonly of: readonly PatternTree[] }
  | { readonly kind: 'choice'; readonly of: readonly PatternTree[] }
  /** `max` may be Infinity. */
  | {
      readonly kind: 'repeat';
      readonly of: PatternTree;
      readonly min: number;
      readonly max: number;
    };

/** Why a pattern is refused, and at which code unit of it. */
export interface PatternProblem {
  readonly reason: string;
  readonly offset: number;
}
