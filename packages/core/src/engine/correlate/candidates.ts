import type { Json } from '../../plan/json.ts';
import type { EventName, ResultChange } from '../../plan/result.ts';
import type { StepEvents } from '../result-id.ts';
import type { KeyedLog } from '../../state/keyed-log.ts';
import type { HeldEvent } from './held-event.ts';
import type { Judged } from './having.ts';

/** A window or run for which HAVING is true, as far as is known. */
export interface Candidate {
  /** What makes it this one among those of its key: `['window', start]`. */
  readonly identity: readonly [kind: CandidateKind, from: Json | StepEvents];
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly count: number;
  readonly first: readonly Evidence[];
  readonly last: readonly Evidence[];
  readonly judged: Judged;
  /** The clock before lateness from which it cannot change; default: `end`. */
  readonly settledAt?: number;
  /** It waits for its end: nothing is shown before the clock is there. */
  readonly isAbsence?: boolean;
  /** Names of the steps that took the events of `first` and `last`. */
  readonly steps?: readonly string[];
  /** More matches were complete at this moment than are given. */
  readonly isCut?: boolean;
  /** Time of its last event, if that is not the last of `first` and `last`. */
  readonly lastAt?: number;
  /** The event right after which it stands among events (at `at`, if that is a deadline). */
  readonly trigger: Evidence;
  /** What was made of it when it was shown: a kind that gives the same object again says that nothing is new. */
  told?: readonly ResultChange[];
}

/** Time of its last event. */
export const lastAtOf = ({ lastAt, first, last }: Candidate): number =>
  lastAt ?? (last.at(-1) ?? first.at(-1)!).name.at;

/** The clock before lateness from which it cannot change. */
export const settledAt = ({ settledAt: at, end }: Candidate): number => at ?? end;

export type CandidateKind =
  'window' | 'run' | 'session' | 'count' | 'sequence' | 'all' | 'pair' | 'unmatched';

export interface Evidence {
  readonly name: EventName;
  readonly position: number;
}

export const EVIDENCE_MAX = 5;

/** The first 5 of `events[from, to)`, and of the others the last 5. */
export function evidenceOf(
  events: readonly HeldEvent[],
  from: number,
  to: number,
  evidence: (event: HeldEvent) => Evidence,
): { first: Evidence[]; last: Evidence[] } {
  const firstTo = Math.min(to, from + EVIDENCE_MAX);
  const lastFrom = Math.max(firstTo, to - EVIDENCE_MAX);
  return {
    first: events.slice(from, firstTo).map(evidence),
    last: events.slice(lastFrom, to).map(evidence),
  };
}

/** What a kind of window finds in the events of a key. */
export interface Scan {
  readonly candidates: readonly Candidate[];
  /** Windows whose HAVING threw, as far as they are complete. */
  readonly failures: readonly {
    readonly error: unknown;
    readonly end: number;
    readonly event: HeldEvent;
  }[];
  /** The clock at which something can change although no event comes; Infinity if nothing can. */
  readonly due: number;
  /** Events before it are needed no more. */
  readonly keepFrom: number;
  /** Scan state before `scannedTo`, for kinds that have one. */
  readonly carried: Carried | null;
  /** Kept in memory with the key, and handed to the next scan; it can be made again from the events. */
  readonly memory?: unknown;
  /** It does not stand for events: the next scan is given all of them again. */
  readonly rereads?: boolean;
  /** With `memory`: no result that is not known yet begins before it, as far as held events can tell. */
  readonly oldestAt?: number;
}

/** What is kept of events that were let go. */
export type Carried = Run | SequenceCarried;

/** Matches must begin after an event (or with it). */
export interface SequenceCarried {
  readonly boundary: EventName;
  readonly isAllowed: boolean;
}

/** A run of SLIDING in the making. */
export interface Run {
  readonly firstAt: number;
  readonly start: number;
  lastTrueAt: number;
  count: number;
  readonly first: Evidence[];
  readonly last: Evidence[];
  /** The last event of its first true time. */
  readonly trigger: Evidence;
  readonly judged: Judged;
  /** Names of the steps of `first` and `last`, where there are steps. */
  readonly steps?: readonly string[];
}

/** One kind of window. */
export interface WindowKind {
  /** No match has fewer events. */
  readonly eventsMin: number;
  /** Results may be shown before their windows end. */
  readonly isEarly: boolean;
  /**
   * `events`: all that the key holds, in event order. `scannedTo`: windows and times before it are settled.
   * `clock`, `latenessMs`: what is complete (clock >= end) and what is final (clock >= end + lateness).
   */
  scan(input: ScanInput): Scan;
  /** What `scan` would give of all events of the row, without decoding those that matter to no result; null: ask `scan`. */
  glance?(input: GlanceInput): Scan | null;
  /**
   * An event was appended to the row (`isAlone`: it holds no other): can it change nothing for now? Then the row is
   * looked at when the clock is at the time that is given; null: it has to be looked at.
   */
  lookAt?(
    row: number,
    bytes: Uint8Array,
    start: number,
    isAlone: boolean,
    clock: number,
    latenessMs: number,
  ): number | null;
  /** Surely no event of the row waits for others to be a match with. Costs nothing; false where that is not known. */
  nothingWaits?(row: number, clock: number, latenessMs: number): boolean;
  /** Of a row that was looked at since its last event, nothing is found before another one comes. Costs nothing. */
  changesWithEventsOnly?(row: number): boolean;
  /** The row is gone; its number may be given to another key. */
  forget?(row: number): void;
  /** The clock at which an event with this time is needed no more. */
  forgetAt(at: number, latenessMs: number): number;
  /** A window that ends at `end` can change no more. */
  isFinal(end: number, clock: number, latenessMs: number): boolean;
}

/** Valid during the glance only. */
export interface GlanceInput {
  readonly log: KeyedLog;
  readonly row: number;
  readonly scannedTo: number;
  readonly carried: Carried | null;
  /** What the last glance gave as memory. */
  readonly memory: unknown;
  /** The row holds the same events as at the last glance. */
  readonly isUnchanged: boolean;
  readonly clock: number;
  readonly latenessMs: number;
  readonly evidence: (event: HeldEvent) => Evidence;
}

export interface ScanInput {
  /** Of a kind that gave `memory` and does not reread: only those that came since. In event order. */
  readonly events: readonly HeldEvent[];
  readonly scannedTo: number;
  readonly carried: Carried | null;
  readonly memory: unknown;
  readonly clock: number;
  readonly latenessMs: number;
  readonly evidence: (event: HeldEvent) => Evidence;
  readonly row: number;
}
