/**
 * The syntax tree of a `.weir` file: what was written, with spans, before any meaning.
 * `print.ts` turns it back into canonical text; `lower.ts` makes the plan of it; the reference matcher reads it directly.
 */
import type { Expression, Function as FunctionNode, ArrowFunctionExpression } from 'acorn';
import type { Json } from '../../plan/json.ts';
import type { Severity } from '../../plan/plan.ts';
import type { Span } from '../../plan/diagnostic.ts';

export interface RuleSyntax {
  readonly span: Span;
  readonly name: string;
  readonly nameSpan: Span;
  readonly id: string | null;
  readonly description: string | null;
  readonly severity: Severity | null;
  readonly tags: readonly string[];
  readonly owner: string | null;
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly status: 'enabled' | 'shadow' | 'disabled';
  readonly tenants: readonly string[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
  readonly iocs: IocSyntax | null;
  readonly excepts: readonly ExceptSyntax[];
  readonly using: { readonly field: FieldName; readonly boundMs: number | null } | null;
  readonly latenessMs: number | null;
  readonly aggregate: AggregateSyntax | null;
  readonly sequence: SequenceSyntax | null;
  readonly all: AllSyntax | null;
  readonly join: JoinSyntax | null;
  /** null: by the rule's key. */
  readonly alert: AlertSyntax | null;
  readonly sink: Code | null;
  readonly outputs: readonly OutputSyntax[];
  readonly tests: readonly TestSyntax[];
}

/** A field as written outside code: `user`, `http.status`, `` `odd name` ``, `['odd name']`. Steps of the path. */
export interface FieldName {
  readonly span: Span;
  readonly path: readonly string[];
}

export interface SourceSyntax {
  readonly span: Span;
  readonly field: FieldName;
  readonly values: readonly string[];
}

export type IocSyntax =
  | { readonly kind: 'in'; readonly span: Span; readonly list: string; readonly field: FieldName }
  | { readonly kind: 'not'; readonly of: IocSyntax }
  | { readonly kind: 'and' | 'or'; readonly of: readonly IocSyntax[] };

/** Known good: an event for which the code holds is no match. */
export interface ExceptSyntax {
  readonly span: Span;
  readonly code: Code;
  readonly reason: string;
  /** It holds for events before this time, ms; null: for all. */
  readonly untilMs: number | null;
}

export interface AggregateSyntax {
  readonly span: Span;
  /** null: `BY *`. */
  readonly keys: readonly KeySyntax[] | null;
  readonly window: WindowSyntax;
  readonly sort: readonly { readonly field: FieldName; readonly descending: boolean }[];
  readonly having: Code | null;
}

/** Steps that follow one another (docs/language.md section 8). */
export interface SequenceSyntax {
  readonly span: Span;
  /** null: `BY *`. */
  readonly keys: readonly KeySyntax[] | null;
  /** The last event is less than this after the first. */
  readonly withinMs: number;
  readonly items: readonly SequenceItem[];
  readonly cancel: Code | null;
  readonly skip: SkipSyntax;
  readonly having: Code | null;
}

/** Steps in any order, within a span. */
export interface AllSyntax {
  readonly span: Span;
  readonly keys: readonly KeySyntax[] | null;
  readonly withinMs: number;
  readonly items: readonly SequenceItem[];
  readonly having: Code | null;
}

/** Pairs of events of two sides. */
export interface JoinSyntax {
  readonly span: Span;
  readonly keys: readonly KeySyntax[] | null;
  readonly between: JoinBetween;
  readonly sides: readonly [SideSyntax, SideSyntax];
  readonly keep: readonly { readonly side: string; readonly only: boolean; readonly span: Span }[];
  readonly having: Code | null;
}

/** How far the events of a pair may be apart: less than a span, or `b.$at - a.$at` between two, inclusive. */
export type JoinBetween =
  | { readonly kind: 'within'; readonly withinMs: number }
  | { readonly kind: 'between'; readonly lowMs: number; readonly highMs: number };

export interface SideSyntax {
  readonly span: Span;
  readonly name: string;
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
}

/** Results with equal values of these fields are one alert. */
export interface AlertSyntax {
  readonly span: Span;
  /** Empty: `*`, all results of the rule. */
  readonly fields: readonly FieldName[];
  readonly forMs: number | null;
  readonly maxMs: number | null;
}

export interface OutputSyntax {
  readonly span: Span;
  readonly name: string;
}

export type SequenceItem = StepSyntax | GroupSyntax | AbsentSyntax;

/** How the event of a step may lie behind the one taken before: others skipped, the very next, or candidates too. */
export type Contiguity = 'relaxed' | 'next' | 'any';

export interface StepSyntax {
  readonly kind: 'step';
  readonly span: Span;
  readonly name: string;
  readonly contiguity: Contiguity;
  /** null: the sequence's. */
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  /** Code over `event`, or a function of (event, match). null: any event. */
  readonly filter: Code | null;
  readonly loop: LoopSyntax | null;
  readonly isOptional: boolean;
  readonly withinMs: number | null;
}

/** A group is a step: it is entered as its first taken step says. */
export interface GroupSyntax {
  readonly kind: 'group';
  readonly span: Span;
  readonly name: string;
  readonly items: readonly SequenceItem[];
  readonly loop: LoopSyntax | null;
  readonly isOptional: boolean;
}

/** None between the event taken before it and the next one taken. */
export interface AbsentSyntax {
  readonly kind: 'absent';
  readonly span: Span;
  readonly name: string;
  /** Only the very next event is asked. */
  readonly isNext: boolean;
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
  readonly withinMs: number | null;
}

export interface LoopSyntax {
  readonly least: number;
  /** null: OR MORE. */
  readonly most: number | null;
  readonly isGreedy: boolean;
  /** How its events lie behind each other. */
  readonly inner: Contiguity;
  readonly until: Code | null;
}

export type SkipSyntax =
  | { readonly kind: 'past-last' | 'to-next' | 'none' }
  | { readonly kind: 'to-first' | 'to-last'; readonly step: string };

export interface KeySyntax {
  readonly span: Span;
  readonly name: string;
  /** A field, or code over `event` (`user = utils.lower(event.User)`). */
  readonly value:
    | { readonly kind: 'field'; readonly field: FieldName }
    | { readonly kind: 'code'; readonly code: Code };
  readonly each: boolean;
}

export type WindowSyntax = { readonly span: Span } & (
  | { readonly kind: 'hopping'; readonly lengthMs: number; readonly slideMs: number }
  | {
      readonly kind: 'sliding';
      readonly lengthMs: number;
      readonly maxMs: number;
      readonly every: boolean;
    }
  | { readonly kind: 'session'; readonly gapMs: number; readonly maxMs: number | null }
  | { readonly kind: 'from-first'; readonly lengthMs: number }
  | { readonly kind: 'count'; readonly events: number; readonly expiresMs: number | null }
);

/**
 * A piece of JavaScript: acorn's tree (offsets are those of the file) and how its free names are meant.
 *   'event'       `event` (and `utils`) are free                       FILTER and keys as bare expressions
 *   'fields'      bare names are fields of the event                   WHERE
 *   'aggregates'  count(), sum(f) … ; their arguments are field names or code over `event`   HAVING as an expression
 *   'function'    the tree is a function or arrow: its parameters say what it reads          any clause
 */
export interface Code {
  readonly span: Span;
  readonly names: 'event' | 'fields' | 'aggregates' | 'function';
  readonly tree: Expression | FunctionNode | ArrowFunctionExpression;
}

export interface TestSyntax {
  readonly span: Span;
  readonly name: string;
  /** Events as written; they may carry `$at`, `$source`, `$arrivedAt`. */
  readonly events: readonly { readonly [name: string]: Json }[];
  readonly expect:
    | { readonly kind: 'results'; readonly count: number }
    | { readonly kind: 'alerts'; readonly count: number }
    /** As a set, each containing the fields given. */
    | { readonly kind: 'matching'; readonly results: readonly { readonly [name: string]: Json }[] };
}
