/**
 * A Sigma document as it was meant: values with their modifiers applied, as Sigma's own tools hold them between reading
 * and processing pipelines. Pipelines make new ones of it; `formula.ts` reads it.
 * Source: Sigma rules specification 2.1; values as in pySigma's types.
 */
import type { Span } from '../../plan/diagnostic.ts';
import type { Severity } from '../../plan/plan.ts';
import type { ANY, ONE } from '../../functions/wildcard-text.ts';
import type { Condition } from './condition.ts';

export interface SigmaFacts {
  readonly file: string;
  /** Of the whole document. */
  readonly span: Span;
  readonly titleSpan: Span;
  readonly title: string;
  readonly id: string | null;
  /** Correlations may refer to a rule by it. */
  readonly name: string | null;
  readonly status: string | null;
  readonly description: string | null;
  readonly author: string | null;
  readonly level: Severity | null;
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly taxonomy: string;
  /** All entries as plain values: conditions of pipelines may ask any. */
  readonly plain: Readonly<Record<string, unknown>>;
}

export interface LogSource {
  readonly category: string | null;
  readonly product: string | null;
  readonly service: string | null;
}

export interface SigmaRule {
  readonly kind: 'rule';
  readonly facts: SigmaFacts;
  readonly logSource: LogSource;
  readonly detections: ReadonlyMap<string, Detection>;
  /** One of them must hold. */
  readonly conditions: readonly Condition[];
  readonly fields: readonly string[];
}

/** Items joined by and, or. */
export interface Detection {
  readonly link: 'and' | 'or';
  readonly items: readonly (Detection | Item)[];
  readonly span: Span;
}

/** One line of a detection: a field and its values. */
export interface Item {
  /** null: keywords, searched in all fields. */
  readonly field: string | null;
  readonly modifiers: readonly string[];
  readonly values: readonly SigmaValue[];
  readonly link: 'and' | 'or';
  /** `neq`: the field is there, and the rest does not hold. */
  readonly isNegated: boolean;
  readonly span: Span;
  /** Names of the pipeline's transformations that changed it. */
  readonly appliedBy: readonly string[];
}

export const isDetection = (part: Detection | Item): part is Detection => 'items' in part;

export type TextPart = string | typeof ANY | typeof ONE | Placeholder;

export interface Placeholder {
  readonly placeholder: string;
}

export const isPlaceholder = (part: TextPart): part is Placeholder => typeof part === 'object';

export type SigmaValue =
  | { readonly kind: 'text'; readonly parts: readonly TextPart[]; readonly isCased: boolean }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'boolean'; readonly boolean: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: string }
  | { readonly kind: 'cidr'; readonly network: string }
  | { readonly kind: 'exists'; readonly exists: boolean }
  | {
      readonly kind: 'field';
      readonly field: string;
      readonly holds: 'equals' | 'contains' | 'startswith' | 'endswith';
      readonly isCased: boolean;
    }
  | {
      readonly kind: 'compare';
      readonly operator: '<' | '<=' | '>' | '>=';
      readonly number: number;
    }
  | { readonly kind: 'time'; readonly part: TimePart; readonly number: number }
  /** One of them: what a modifier made of one value. */
  | { readonly kind: 'any'; readonly of: readonly SigmaValue[] };

export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

export interface SigmaCorrelation {
  readonly kind: 'correlation';
  readonly facts: SigmaFacts;
  readonly type: CorrelationType;
  readonly rules: readonly { readonly name: string; readonly span: Span }[];
  readonly groupBy: readonly string[];
  /** Alias to field, by the rule whose events it is of. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly timespanMs: number;
  readonly fields: readonly string[];
  readonly percentile: number | null;
  readonly comparisons: readonly { readonly operator: Comparison; readonly number: number }[];
  /** The rules that it reads give results of their own too. */
  readonly isGenerating: boolean;
  readonly span: Span;
}

export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'value_sum'
  | 'value_avg'
  | 'value_percentile'
  | 'value_median'
  | 'temporal'
  | 'temporal_ordered';

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq';

export interface SigmaFilter {
  readonly kind: 'filter';
  readonly facts: SigmaFacts;
  readonly logSource: LogSource;
  /** null: any rule of its log source. */
  readonly rules: readonly { readonly name: string; readonly span: Span }[] | null;
  readonly detections: ReadonlyMap<string, Detection>;
  readonly condition: Condition;
}

export type SigmaDocument = SigmaRule | SigmaCorrelation | SigmaFilter;
