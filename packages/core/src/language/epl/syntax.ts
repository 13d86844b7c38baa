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
  readonly using: { readonly field: FieldName; readonly boundMs: number | null } | null;
  readonly latenessMs: number | null;
  readonly aggregate: AggregateSyntax | null;
  readonly sink: Code | null;
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

export interface AggregateSyntax {
  readonly span: Span;
  /** null: `BY *`. */
  readonly keys: readonly KeySyntax[] | null;
  readonly window: WindowSyntax;
  readonly sort: readonly { readonly field: FieldName; readonly descending: boolean }[];
  readonly having: Code | null;
}

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
