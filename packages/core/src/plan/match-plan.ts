import type { CodePlan, ColumnPlan, KeyPlan, SourceTest } from './plan.ts';

/** What rules of several parts (steps of a sequence or of ALL, sides of a join) know of their parts. */
export interface PartsPlan {
  /** Lists of keys under which an event may stand; the first is the rule's own. All are of one length. */
  readonly keyLists: readonly (readonly KeyPlan[])[];
  /** Conditions; the bit of each is stored with an event. At most 30. */
  readonly tests: readonly PartTestPlan[];
  /** Stored of each event. The first is the number of its bits. */
  readonly columns: readonly MatchColumnPlan[];
  /** The rule has SOURCES, FILTER or lists of its own: what passes them is input, also if no condition holds. */
  readonly hasInput: boolean;
  /** Events for which no condition holds are stored too, since something must be next to something. */
  readonly isStrict: boolean;
}

/** 'bits': which conditions hold. */
export type MatchColumnPlan = ColumnPlan | { readonly kind: 'bits' };

export interface PartTestPlan {
  /** The step, side or clause, for people. */
  readonly name: string;
  /** Index into `keyLists`: it sees only events that stand there under this list. */
  readonly keyList: number;
  readonly sources: readonly SourceTest[];
  /** Role 'event'. null: always true. */
  readonly filter: CodePlan | null;
  /** Role 'step': asked for each match in the making, of events whose bit is set. */
  readonly withMatch: MatchCodePlan | null;
}

/** Code that reads the events of a match. */
export interface MatchCodePlan {
  readonly code: CodePlan;
  /** Column of the i-th of the code's paths. */
  readonly reads: readonly number[];
}

/** `SEQUENCE` (docs/language.md section 8). */
export interface SequenceDetectPlan extends PartsPlan {
  readonly kind: 'sequence';
  readonly keys: readonly KeyPlan[];
  readonly withinMs: number;
  /** Names of the steps in the order of the rule. */
  readonly steps: readonly StepFacts[];
  readonly automaton: AutomatonPlan;
  readonly skip: SkipPlan;
  /** Role 'match'. */
  readonly having: MatchCodePlan | null;
}

export interface StepFacts {
  readonly name: string;
  /** `match` has a list of its events: it is repeated. */
  readonly isList: boolean;
}

export type SkipPlan =
  | { readonly kind: 'past-last' | 'to-next' | 'none' }
  /** `step` is an index into `steps`. */
  | { readonly kind: 'to-first' | 'to-last'; readonly step: number };

/**
 * What may follow what. A position is a step that has just taken an event, with how often the loops around it have been
 * gone through; an edge says which step may take an event next, and what that event may not pass.
 */
export interface AutomatonPlan {
  readonly positions: readonly PositionPlan[];
  readonly edges: readonly EdgePlan[];
  /** Edges by which a match begins; contiguity means nothing there, absences look back. */
  readonly starts: readonly number[];
  readonly absents: readonly AbsentPlan[];
  /** Index into `tests`. */
  readonly cancel: number | null;
  /** No match has fewer events. */
  readonly eventsMin: number;
  /** Longest look back of a leading absence, ms. */
  readonly lookbackMs: number;
}

export interface PositionPlan {
  /** Index into `steps`. */
  readonly step: number;
  readonly edges: readonly number[];
  /** Ways to be complete: each with the absences that must still hold. Without any it is complete at once. */
  readonly accepts: readonly (readonly number[])[];
}

export interface EdgePlan {
  readonly to: number;
  readonly test: number;
  readonly contiguity: 'relaxed' | 'next' | 'any';
  /** The event is less than this after the one taken before; null: any distance. */
  readonly withinMs: number | null;
  /** Indexes into `absents`. */
  readonly absents: readonly number[];
  readonly bars: readonly BarPlan[];
  readonly untils: readonly UntilPlan[];
}

/** A greedy loop that was left: what it could take may not be passed. Numbers are indexes into `tests`. */
export interface BarPlan {
  /** null: it can take nothing. */
  readonly test: number | null;
  readonly exceptTest: number | null;
  /** It holds for the very next event only. */
  readonly isNext: boolean;
  /** An event for which this holds ends the loop, and with it the bar. */
  readonly until: number | null;
  /** The event must also pass the loop's own condition to end it. */
  readonly untilAlso: number | null;
  /** false: no event ends it, as the loop has not begun and may skip. */
  readonly canEnd: boolean;
}

export interface UntilPlan {
  readonly test: number;
  /** The loop has taken an event: then none for which the test holds may be passed. */
  readonly hasBegun: boolean;
}

export interface AbsentPlan {
  readonly name: string;
  readonly test: number;
  readonly isNext: boolean;
  readonly withinMs: number | null;
}

/** `ALL`: each step has its number of events within the span, in any order. */
export interface AllDetectPlan extends PartsPlan {
  readonly kind: 'all';
  readonly keys: readonly KeyPlan[];
  readonly withinMs: number;
  readonly maxMs: number;
  readonly steps: readonly {
    readonly name: string;
    readonly test: number;
    /** At least so many. */
    readonly times: number;
  }[];
  readonly absents: readonly { readonly name: string; readonly test: number }[];
  readonly having: MatchCodePlan | null;
}

/** `JOIN`: pairs of events of two sides, `b.$at - a.$at` from lowMs to highMs, both inclusive. */
export interface JoinDetectPlan extends PartsPlan {
  readonly kind: 'join';
  readonly keys: readonly KeyPlan[];
  readonly lowMs: number;
  readonly highMs: number;
  /** Their conditions are tests 0 and 1. */
  readonly sides: readonly [string, string];
  readonly unmatched: readonly [boolean, boolean];
  /** false: KEEP ONLY UNMATCHED. */
  readonly pairs: boolean;
  /** Role 'pair'. */
  readonly having: MatchCodePlan | null;
}
