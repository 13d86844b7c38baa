import type { Severity } from './plan.ts';
import type { Json } from './json.ts';

/** Names an event: order is by (at, source, partition, number). */
export interface EventName {
  readonly source: string;
  readonly partition: string;
  /** The source's own number: the ordinal of the record, or the declared identity (a list if it has several parts). */
  readonly number: Json;
  readonly at: number;
}

/** One exact match (docs/language.md section 7). Key order is part of the format: equal results are equal bytes. */
export interface Result {
  /** 32 hex digits: the first 16 bytes of SHA-256 over what makes the match this one. */
  readonly id: string;
  readonly rule: string;
  readonly version: string;
  readonly tenant: string;
  readonly severity: Severity | null;
  /** Key texts by key name, in the rule's order; empty for a simple rule and for `BY *`. */
  readonly key: Readonly<Record<string, string>>;
  /** Span, end exclusive, ms. */
  readonly start: number;
  readonly end: number;
  /** `$at`. */
  readonly at: number;
  /** 'arrival': a simple rule met an event without readable time, or from the future. */
  readonly timeFrom: 'event' | 'arrival';
  readonly count: number;
  /** The first 5 events, in event order, and of the others the last 5. */
  readonly first: readonly EventName[];
  readonly last: readonly EventName[];
  /** Values of the aggregates that HAVING reads, by their canonical text. */
  readonly measures: Readonly<Record<string, Json>>;
  /** What HAVING and SINK gave. */
  readonly fields: Readonly<Record<string, Json>>;
  /** Rows of lists that were hit. */
  readonly iocs: readonly IocHit[];
  /** Names of the steps or sides that took the events of `first` and `last`; only of rules that have some. */
  readonly steps?: readonly string[];
  /** More matches were complete at this moment than were given; only where it is so. */
  readonly cut?: true;
  /** The rule has begun with an edit, and has not seen all that it would have; only where it is so. */
  readonly warming?: true;
}

export interface IocHit {
  readonly list: string;
  readonly field: string;
  /** The row's own value and note. */
  readonly value: string;
  readonly note: string;
}

/** A result lives: opened, amended, withdrawn, ended by final. Revisions rise by one from 1. */
export interface ResultChange {
  readonly change: 'open' | 'amend' | 'withdraw' | 'final';
  readonly revision: number;
  readonly result: Result;
  /** Ordinals of the records of `first` and `last`, in their partitions: where the bytes lie. Not part of the result. */
  readonly positions: readonly number[];
}

/** What a person sees of one or more results of one rule and key. */
export interface AlertChange {
  readonly change: 'open' | 'amend' | 'withdraw' | 'final';
  readonly revision: number;
  readonly alert: Alert;
}

export interface Alert {
  /** Given once, when the alert opens, and kept. */
  readonly handle: string;
  readonly rule: string;
  readonly tenant: string;
  readonly severity: Severity | null;
  readonly key: Readonly<Record<string, string>>;
  /** First event of the first result, last event of the last one, ms, both inclusive. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Ids in event order. */
  readonly results: readonly string[];
  /** Events of all results. */
  readonly count: number;
  readonly mergedInto: string | null;
}
