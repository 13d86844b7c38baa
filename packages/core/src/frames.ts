/**
 * The one interface through which anybody runs the core: frames in, frames out. `frames-codec.ts` says how they look
 * as bytes (`u32 length | u8 type | body`, little-endian). A frame marked ? owes exactly one `done`, in order.
 *
 * Rules may change while events flow: edit ?, answered by `edited`. New rules may then be given what was recorded before
 * (batch frames with `refill`), up to refilled ?.
 *
 * Rules that break a limit are parked: they leave as `parked`. Who runs the engine may park and release rules too: park ?,
 * release ?.
 *
 * A life: open, change…, restore… (if there is a checkpoint), start ?, then batch ?, tick ?, end ?, snapshot ?, …, close.
 * An engine part owns the key groups `from` to `to` (exclusive) of 128. What belongs to another part leaves it as
 * `route` and enters that part as `routed ?`; watermarks leave as `watermark` and enter every other part (of several
 * stages: every part of every later stage) as `watermark ?`, after the routes they follow.
 */
import type { Plan } from './plan/plan.ts';
import type { ListPlan, SourcesPlan } from './plan/source-plan.ts';
import type { AlertChange, Result, ResultChange } from './plan/result.ts';

export const KEY_GROUPS = 128;
/** The key group of state that has no key: watermarks, identities seen, counts. */
export const NO_KEY_GROUP = 0xffff;

export type FrameToEngine =
  /** `place`: null or absent: the part is alone and owns all key groups. Opened again, the engine begins anew. */
  | {
      readonly type: 'open';
      readonly from: number;
      readonly to: number;
      readonly place?: PartPlace;
    }
  | { readonly type: 'change'; readonly change: Change }
  | {
      /** Chunks, as `state` gave them. What has no key comes first. */
      readonly type: 'restore';
      readonly keyGroup: number;
      readonly bytes: Uint8Array;
    }
  /** All partitions that are known before the first event; they hold time back until they have spoken or ended. */
  | { readonly type: 'start'; readonly partitions: readonly PartitionName[] }
  | BatchFrame
  /**
   * Time of arrival, ms; written once a second by the supervisor of a live run. `partitions`: only of these is it known
   * that all that had arrived by then was read; absent: of all that this part reads.
   */
  | {
      readonly type: 'tick';
      readonly arrivedAt: number;
      readonly partitions?: readonly PartitionName[];
    }
  /** The partition will say no more (a finished file). */
  | { readonly type: 'end'; readonly partition: PartitionName }
  | { readonly type: 'routed'; readonly bytes: Uint8Array }
  /** ? Other rules from an event time on; null: from behind all times that were seen. Also before `start`, in order. */
  | EditFrame
  /** ? The recorded events before the edit have been given again. */
  | { readonly type: 'refilled' }
  | ParkFrame
  | ReleaseFrame
  /** The next frame's calls of rule code are announced to the host before each of them (`Host.probe`). */
  | { readonly type: 'probe' }
  | { readonly type: 'watermark'; readonly bytes: Uint8Array }
  /** The run ends: time goes to infinity. */
  | { readonly type: 'finish' }
  /**
   * 'changed': only chunks that are not as they were given, or restored, before in this life; 'ahead': the same without
   * what has no key, so that little is left for the next one.
   */
  | { readonly type: 'snapshot'; readonly mode?: 'full' | 'changed' | 'ahead' }
  | { readonly type: 'close' };

/**
 * Where a part stands among others. `stages`: by stage the bounds of its parts' key groups (part i owns from bound i to
 * bound i + 1). One stage: each part reads sources, and serves all levels and alerts. Several: -1 is the stage that
 * matches, 0 to n - 1 serve the levels of rules, the last one alerts by other fields than the rule's key.
 */
export interface PartPlace {
  readonly stage: number;
  readonly part: number;
  readonly stages: readonly (readonly number[])[];
}

export interface EditFrame {
  readonly type: 'edit';
  readonly plan: Plan;
  readonly activeFrom: number | null;
}

/** What became of the rules of an edit. */
export interface EditedFrame {
  readonly type: 'edited';
  readonly activeFrom: number;
  readonly rules: readonly {
    readonly rule: string;
    /** 'kept': what it had seen goes on; 'warming': it begins without what came before. */
    readonly change: 'kept' | 'warming' | 'gone';
  }[];
}

/**
 * ? Rules see no event any more, and give nothing: what they hold stays as it is. All versions in force of each rule are
 * meant, and rules that read their results wait with them. Answered by `parked`. Before `start` it owes no `done`.
 */
export interface ParkFrame {
  readonly type: 'park';
  readonly rules: readonly string[];
  readonly reason: ParkReason;
  /** What was asked when it came to that. */
  readonly clause?: CodeClause;
  /** null: from the next frame on. */
  readonly from: ParkPlace | null;
}

/** ? Parked rules go on with what they hold; what they did not see meanwhile they have not seen. Answered by `released`. */
export interface ReleaseFrame {
  readonly type: 'release';
  readonly rules: readonly string[];
  readonly from: ParkPlace | null;
}

/**
 * A place in the input: before the record of this number, or behind it but before time moves. Batches cannot be seen. A
 * place that does not come is never reached.
 */
export interface ParkPlace {
  readonly source: string;
  readonly partition: string;
  readonly number: number;
  readonly isAfter: boolean;
}

export interface ParkReason {
  readonly limit: ParkLimit;
  readonly message: string;
}

export type ParkLimit =
  /** Decided by the rule's code and its input alone: a replay finds the same. */
  | 'steps'
  | 'bytes'
  | 'depth'
  | 'result'
  /** Decided by the machine: a replay has to be told. */
  | 'cpu'
  | 'cpu share'
  | 'stuck'
  | 'memory'
  /** It reads results of a rule that is parked. */
  | 'level'
  /** Decided by who runs the engine. */
  | 'deferred'
  | 'asked';

/** A rule that was parked. */
export interface Park {
  readonly rule: string;
  readonly version: string;
  readonly reason: ParkReason;
  /** Where a replay has to park it to give the same; null: before the frame at hand. */
  readonly from: ParkPlace | null;
  /** The clause that was asked; null: none. */
  readonly clause: CodeClause | null;
  /** Somebody has ordered it: who did knows. */
  readonly isOrdered?: true;
  /** The event at which it was parked; null: none was at hand. */
  readonly event: (PartitionName & { readonly number: number; readonly at: number }) | null;
}

export type CodeClause = 'FILTER' | 'EXCEPT' | 'HAVING' | 'SINK' | 'AGGREGATE BY';

export interface PartitionName {
  readonly source: string;
  readonly partition: string;
}

export type Change =
  | { readonly kind: 'rules'; readonly plan: Plan }
  | { readonly kind: 'sources'; readonly sources: SourcesPlan }
  /** The list's rows as in its file: text, one row a line. */
  | { readonly kind: 'list'; readonly list: ListPlan; readonly rows: Uint8Array }
  /** Rows that a list that was loaded has besides, and such that it has no more (as they were given). */
  | {
      readonly kind: 'list-delta';
      readonly name: string;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    };

/** Consecutive records of one partition; record i is `lengths[i]` bytes, without its newline, in order in `bytes`. */
export interface BatchFrame {
  readonly type: 'batch';
  readonly source: string;
  readonly partition: string;
  /** Ordinals of the records in the partition. */
  readonly numbers: Float64Array;
  /** When each was received, ms; NaN: not stamped (files). */
  readonly arrivedAt: Float64Array;
  /** Where each record begins in `bytes`, and its length. Gaps between records are allowed. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly bytes: Uint8Array;
  /** Recorded before an edit: only for rules that begin with it. */
  readonly refill?: true;
}

export type FrameFromEngine =
  | { readonly type: 'ready' }
  | EditedFrame
  | { readonly type: 'results'; readonly changes: readonly ResultChange[] }
  | { readonly type: 'alerts'; readonly changes: readonly AlertChange[] }
  /** For a part of a stage. */
  | {
      readonly type: 'route';
      readonly stage: number;
      readonly part: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'watermark'; readonly bytes: Uint8Array }
  | {
      /** Chunks that stand for themselves: n × (u32 number | u32 length | bytes). Without bytes: it is no more. */
      readonly type: 'state';
      readonly keyGroup: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'set-aside'; readonly records: readonly SetAside[] }
  /** What rules did wrong, or what came too late for them. */
  | { readonly type: 'errors'; readonly errors: readonly RuleError[] }
  | { readonly type: 'parked'; readonly parks: readonly Park[] }
  | { readonly type: 'released'; readonly rules: readonly string[] }
  | RecordsFrame
  /** `counts` are those of the moment at which they are read: read them before the next frame goes in. */
  | { readonly type: 'done'; readonly counts: Counts }
  /** The engine cannot go on; the process ends after it. */
  | { readonly type: 'fault'; readonly message: string };

/**
 * Results, alerts and the like as records for whoever carries them to where they are wanted: keys and values in UTF-8,
 * `n × (u32 key length | key | u32 value length | value)`. The core does not write it; the engine process does, where
 * its host is not Weir's own.
 */
export interface RecordsFrame {
  readonly type: 'records';
  readonly output: 'results' | 'alerts' | 'set-aside' | 'faults';
  readonly bytes: Uint8Array;
}

export interface SetAside {
  readonly source: string;
  readonly partition: string;
  readonly number: number;
  /** 'undecodable' (with reason and the offset in the record), 'duplicate'. */
  readonly kind: 'undecodable' | 'duplicate';
  readonly reason: string;
  readonly offset: number;
}

export interface RuleError {
  /** One rule; for an event that is late, without time or from the future all rules that wanted it. */
  readonly rules: readonly string[];
  readonly clause: CodeClause | 'late' | 'no time' | 'future';
  readonly message: string;
  readonly source: string;
  readonly partition: string;
  readonly number: number;
}

/**
 * Totals since the run began. read = decoded + setAside; decoded = wanted + unwanted.
 * late, noTime, future, noKey, excepted and duplicates of them are counts of (event, rule).
 */
export interface Counts {
  readonly read: number;
  readonly decoded: number;
  readonly undecodable: number;
  readonly duplicates: number;
  readonly wanted: number;
  readonly late: number;
  readonly noTime: number;
  readonly future: number;
  readonly noKey: number;
  readonly excepted: number;
  /** The least clock of any rule, ms; -Infinity before all partitions have spoken, Infinity at the end. */
  readonly clock: number;
  /** The highest time that any partition has come to, ms; -Infinity before one has spoken. */
  readonly newest: number;
  readonly rules: readonly RuleCounts[];
}

export interface RuleCounts {
  readonly rule: string;
  /** Events that passed SOURCES, FILTER and IOC FILTERS. */
  readonly matched: number;
  readonly filterCalls: number;
  readonly filterErrors: number;
  readonly late: number;
  /** Events that an EXCEPT swallowed. */
  readonly excepted: number;
  readonly results: number;
  /** More than 1 % of the calls of one of its clauses threw. */
  readonly flagged: boolean;
  /** It sees no event any more. */
  readonly parked: boolean;
  /** Calls of its code. */
  readonly calls: number;
  /** What they cost in this life of the engine, ms: timed in part, the rest estimated. 0 without a clock of the host. */
  readonly cpuMs: number;
}

/** A core in this process. Frames go in one at a time; what they cause comes back in order. */
export interface Core {
  receive(frame: FrameToEngine): FrameFromEngine[];
}

/** What the core asks of its host. */
export interface Host {
  /** Evaluates one expression of generated code, outside any scope. */
  readonly compile: (source: string) => unknown;
  /** A clock that never goes back, ms. Rules never see it. What it decides leaves as `parked`, which a replay is given. */
  readonly now?: () => number;
  /** CPU time of the thread, ms. `CallLimits.cpuMs` is measured by it. */
  readonly cpuNow?: () => number;
  /** Where the engine writes down which rule it calls; see `MARK`. */
  readonly marks?: Int32Array;
  /** After a `probe` frame: called before each call of rule code, when `marks` say which, and behind it. */
  readonly probe?: () => void;
}

/** Places in `Host.marks`. Others may read them while the engine runs; they are written plainly. */
export const MARK = {
  /** Number of the call; it wraps. */
  call: 0,
  /** Whose code runs; see `codeMark`. Below 0: the engine's own. */
  code: 1,
  /** Frames that got their `done`: the number of the one at hand among those that owe one. */
  frame: 2,
  /** Index of the record in the batch at hand; -1: its records are through, or it is another frame. */
  record: 3,
} as const;
export const MARKS = 4;

export const CODE_CLAUSES: readonly CodeClause[] = [
  'FILTER',
  'EXCEPT',
  'HAVING',
  'SINK',
  'AGGREGATE BY',
];

/** A clause of the rule that has this place in `Counts.rules`, as one number: a call has little time to say who it is. */
export const codeMark = (rule: number, clause: CodeClause): number =>
  rule * CODE_CLAUSES.length + CODE_CLAUSES.indexOf(clause);

/** What a mark says; null: no rule's code runs. */
export const markedCode = (mark: number): { rule: number; clause: CodeClause } | null =>
  mark < 0
    ? null
    : {
        rule: Math.floor(mark / CODE_CLAUSES.length),
        clause: CODE_CLAUSES[mark % CODE_CLAUSES.length]!,
      };

export type { Result };
