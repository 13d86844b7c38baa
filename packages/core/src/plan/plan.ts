/**
 * The plan: what the language makes of rules, and the only thing that the engine knows of them.
 * Plain frozen data; it survives `JSON.parse(JSON.stringify(plan))` and travels in CHANGE frames.
 */
import type { Path } from './json.ts';
import type { AllDetectPlan, JoinDetectPlan, SequenceDetectPlan } from './match-plan.ts';

export interface Plan {
  readonly format: 1;
  readonly rules: readonly RulePlan[];
}

export interface RulePlan {
  /** Names the rule within its tenant: the `ID`, else the name. */
  readonly id: string;
  readonly name: string;
  /** First 12 hex digits of SHA-256 over the rule's canonical text: equal text, equal version. */
  readonly version: string;
  readonly facts: RuleFacts;
  /** null: every tenant. */
  readonly tenants: readonly string[] | null;
  /** All must hold. Empty: every event. */
  readonly sources: readonly SourceTest[];
  /** Role 'event'. null: always true. */
  readonly filter: CodePlan | null;
  readonly iocs: IocPlan | null;
  /** Asked after FILTER and lists: an event for which one holds is no match, and is counted. */
  readonly excepts: readonly ExceptPlan[];
  readonly time: TimePlan;
  readonly detect: DetectPlan;
  /** Which results are one alert; null: each result of a simple rule is one. */
  readonly alert: AlertPlan | null;
  /** Role 'copy'. */
  readonly sink: CodePlan | null;
  /** Names of outputs besides the default ones. */
  readonly outputs: readonly string[];
}

export interface AlertPlan {
  /** Fields of results (of the event itself in a simple rule), by whose values they are put together. */
  readonly fields: readonly Path[];
  /** The rule's own key: then an alert is where the key is. */
  readonly isOwnKey: boolean;
  /** Results at most so far apart are one alert. */
  readonly forMs: number;
  /** A result that begins so long after the alert's first begins a new one. */
  readonly maxMs: number;
}

export interface RuleFacts {
  readonly description: string | null;
  readonly severity: Severity | null;
  readonly tags: readonly string[];
  readonly owner: string | null;
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly status: 'enabled' | 'shadow' | 'disabled';
}

export type Severity = 'informational' | 'low' | 'medium' | 'high' | 'critical';

/** Holds if the key text of the field is one of `values`. `$source` and `$tenant` are fields too. */
export interface SourceTest {
  readonly path: Path;
  readonly values: readonly string[];
}

/** Membership in lists, as a formula. */
export type IocPlan =
  | { readonly kind: 'in'; readonly list: string; readonly path: Path }
  | { readonly kind: 'not'; readonly of: IocPlan }
  | { readonly kind: 'and'; readonly of: readonly IocPlan[] }
  | { readonly kind: 'or'; readonly of: readonly IocPlan[] };

export interface ExceptPlan {
  /** Role 'event'. */
  readonly code: CodePlan;
  readonly reason: string;
  /** It holds for events with `$at` before this, ms; null: for all. */
  readonly untilMs: number | null;
}

export interface TimePlan {
  /** The field that gives the rule its own clock; null: the source's time. `['$arrivedAt']` is ingestion time. */
  readonly using: Path | null;
  /** Out-of-orderness of that clock; null: the source's. */
  readonly boundMs: number | null;
  /** null: the largest of its sources', else the tenant's, else 0. */
  readonly latenessMs: number | null;
}

export type DetectPlan = { readonly kind: 'simple' } | CorrelateDetectPlan;

/** Kinds that keep events by key. */
export type CorrelateDetectPlan =
  WindowDetectPlan | SequenceDetectPlan | AllDetectPlan | JoinDetectPlan;

export interface WindowDetectPlan {
  readonly kind: 'window';
  /** Empty for `BY *`. */
  readonly keys: readonly KeyPlan[];
  readonly window: WindowPlan;
  /** What of each event is stored, once, computed when the event is matched. */
  readonly columns: readonly ColumnPlan[];
  readonly sort: readonly SortPlan[];
  readonly having: HavingPlan;
}

export interface KeyPlan {
  readonly name: string;
  readonly value: ValuePlan;
  /** One entry for each distinct element of a list, at most 100. */
  readonly each: boolean;
}

export type WindowPlan =
  /** Tumbling when slideMs = lengthMs. Aligned to 1970-01-01T00:00Z. slideMs <= lengthMs. */
  | { readonly kind: 'hopping'; readonly lengthMs: number; readonly slideMs: number }
  | SlidingWindowPlan
  /** maxMs: a session is cut before the first event that is at least so long after its first; null: never. */
  | { readonly kind: 'session'; readonly gapMs: number; readonly maxMs: number | null }
  /** Begins at the first event that is in none before it. */
  | { readonly kind: 'from-first'; readonly lengthMs: number }
  /** Every n-th event closes one; after a longer gap than expiresMs it begins anew (null: never). */
  | { readonly kind: 'count'; readonly events: number; readonly expiresMs: number | null };

export interface SlidingWindowPlan {
  readonly kind: 'sliding';
  readonly lengthMs: number;
  /** A run is cut before the first time that is at least so long after its first. */
  readonly maxMs: number;
  /** One result for each true time, not for each run. */
  readonly every: boolean;
}

/** A path into the event, or code of role 'event'. */
export type ValuePlan =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'code'; readonly code: CodePlan };

/** 'whole' stores the record's own bytes: for code that reads fields by computed names. */
export type ColumnPlan = ValuePlan | { readonly kind: 'whole' };

/** Ties by event order; missing values last, in both directions. */
export interface SortPlan {
  /** Index into `columns`. */
  readonly column: number;
  readonly descending: boolean;
}

export type HavingPlan =
  /** No HAVING: true for every window. */
  | { readonly kind: 'always' }
  | {
      readonly kind: 'aggregates';
      readonly aggregates: readonly AggregatePlan[];
      /** Role 'aggregates'. */
      readonly code: CodePlan;
      /** The condition, if it is of a kind that may be shown early; else null. */
      readonly early: EarlyPlan | null;
    }
  /** Role 'events'. `reads[i]` is the column of the i-th of the code's paths (or the 'whole' column, for all of them). */
  | { readonly kind: 'events'; readonly code: CodePlan; readonly reads: readonly number[] };

/** `count`, `distinct`, `sum` against a constant, joined by and, or. Index into `aggregates`. */
export type EarlyPlan =
  | { readonly kind: 'at-least'; readonly aggregate: number; readonly than: number }
  | { readonly kind: 'more-than'; readonly aggregate: number; readonly than: number }
  | { readonly kind: 'and'; readonly of: readonly EarlyPlan[] }
  | { readonly kind: 'or'; readonly of: readonly EarlyPlan[] };

export interface AggregatePlan {
  readonly fn: AggregateFunction;
  /** Indexes into `columns`: the test of `count(test)`, the fields of `distinct`, the field of the others. */
  readonly columns: readonly number[];
  /** `p` of percentile (0 to 100), `n` of values; null elsewhere. */
  readonly parameter: number | null;
  /** Read from the window one slide earlier. */
  readonly previous: boolean;
  /** Canonical text, such as `distinct(TargetUserName)`: the name under which results carry the value. */
  readonly text: string;
}

export type AggregateFunction =
  | 'count'
  | 'distinct'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'stddev'
  | 'percentile'
  | 'first'
  | 'last'
  | 'rate'
  | 'values'
  | 'top';

/**
 * Code of a rule, already checked, renamed and printed anew; never the author's text.
 *
 * `source` is one expression, of the shape `(H, S) => function`, without any free name: `H` is the rule library
 * (functions/rule-library.ts), `S` the reader's numbers for `paths`, in their order. The function takes, by role:
 *   'event'       an EventReader                -> any value (FILTER, keys, columns)
 *   'events'      an array of EventReader       -> any value (HAVING that is a function)
 *   'aggregates'  an array of aggregate values  -> any value (HAVING that is an expression)
 *   'copy'        a private, plain copy         -> any value (SINK)
 *   'step'        an EventReader, the match     -> any value (conditions that read earlier steps)
 *   'match'       the match                     -> any value (HAVING of sequences and of ALL)
 *   'pair'        two EventReaders              -> any value (HAVING of joins; one is undefined if it is unmatched)
 * A match is an object of EventReaders, or lists of them, by the names of steps.
 */
export interface CodePlan {
  readonly role: 'event' | 'events' | 'aggregates' | 'copy' | 'step' | 'match' | 'pair';
  readonly source: string;
  /** A call needs no budget before it first asks the library for something; it arms itself then. */
  readonly isLight: boolean;
  readonly paths: readonly Path[];
  /** Reads fields by names that are computed, or hands the event on as a value. */
  readonly readsWhole: boolean;
  /** The canonical text of the code, for people. */
  readonly text: string;
}
