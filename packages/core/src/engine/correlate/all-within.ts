import type { AllDetectPlan } from '../../plan/match-plan.ts';
import type { EventReader } from '../../plan/event-reader.ts';
import {
  EVIDENCE_MAX,
  type Candidate,
  type Run,
  type Scan,
  type ScanInput,
  type WindowKind,
} from './candidates.ts';
import { kept, type Judged } from './having.ts';
import type { HeldEvent } from './held-event.ts';
import { MatchReader, type MatchCode } from './sequence/match-reader.ts';

/** A time at which every step has its number of events. */
interface TrueTime {
  readonly at: number;
  readonly count: number;
  /** The newest of each step, in event order, with the step's number. */
  /** The last event of a step at that time. */
  readonly lastEvent: HeldEvent;
  readonly newest: readonly { readonly event: HeldEvent; readonly step: number }[];
  readonly judged: Judged;
}

// Promises of this file:
//   A1  Times before clock - lateness (and with ABSENT a span more) are judged once; what they left is carried.
/**
 * `ALL`: judged at each time t at which an event of a step stands, over `(t - d, t]`; a result is a run of true times
 * less than d apart. With ABSENT a time is decided when the clock is at t + d.
 */
export class AllWithin implements WindowKind {
  readonly eventsMin: number;
  readonly isEarly: boolean;
  readonly #plan: AllDetectPlan;
  readonly #having: MatchReader | null;
  readonly #stepBits: number;
  readonly #absentBits: number;

  /** What earlier versions of the rule say of times before their end, in their order. */
  readonly #before: readonly { readonly having: MatchReader | null; readonly until: number }[];

  constructor(
    plan: AllDetectPlan,
    having: MatchCode | null,
    before: readonly {
      readonly plan: AllDetectPlan;
      readonly having: MatchCode | null;
      readonly until: number;
    }[] = [],
  ) {
    this.#before = before.map((old) => ({
      having:
        old.plan.having === null ? null : new MatchReader(old.plan, old.plan.having, old.having!),
      until: old.until,
    }));
    this.#plan = plan;
    this.#having = plan.having === null ? null : new MatchReader(plan, plan.having, having!);
    this.#stepBits = plan.steps.reduce((bits, { test }) => bits | (1 << test), 0);
    this.#absentBits = plan.absents.reduce((bits, { test }) => bits | (1 << test), 0);
    this.eventsMin = Math.max(...plan.steps.map(({ times }) => times));
    this.isEarly = plan.absents.length === 0;
  }

  /** As for runs of SLIDING: an event exactly at clock - lateness may make one more true time of it. */
  isFinal(end: number, clock: number, latenessMs: number): boolean {
    return clock > end + latenessMs;
  }

  forgetAt(at: number, latenessMs: number): number {
    return at + 3 * this.#plan.withinMs + latenessMs;
  }

  scan(input: ScanInput): Scan {
    const { events, clock, latenessMs, scannedTo } = input;
    const { withinMs } = this.#plan;
    const aheadMs = this.isEarly ? 0 : withinMs;
    const settledBefore = clock - latenessMs - aheadMs;
    const failures: Scan['failures'][number][] = [];
    const candidates: Candidate[] = [];
    let run = input.carried === null ? null : copyOf(input.carried as Run);
    let carried: Run | null | undefined;
    let due = Infinity;
    const close = (end: number): void => {
      if (run !== null) candidates.push(this.#candidate(run, end));
      run = null;
    };
    for (let to = 0; to < events.length;) {
      const { at } = events[to]!;
      let bits = 0;
      for (; to < events.length && events[to]!.at === at; to++)
        bits |= events[to]!.columns[0] as number;
      if ((bits & this.#stepBits) === 0 || at < scannedTo - aheadMs) continue;
      if (at + aheadMs > clock && !this.isEarly) {
        due = Math.min(due, at + aheadMs);
        break;
      }
      if (carried === undefined && at >= settledBefore) carried = run === null ? null : copyOf(run);
      if (run !== null && at - run.lastTrueAt >= withinMs) close(run.lastTrueAt + withinMs);
      const time = this.#judge(events, to, at, failures);
      if (time === null) {
        close(at);
        continue;
      }
      if (run !== null && at >= run.firstAt + this.#plan.maxMs) close(at);
      if (run === null) run = this.#begin(time, input);
      else {
        run.lastTrueAt = at;
        run.count = Math.max(run.count, time.count);
      }
    }
    if (carried === undefined) carried = run === null ? null : copyOf(run);
    if (run !== null) close(run.lastTrueAt + withinMs);
    for (const { end } of candidates)
      if (!this.isFinal(end + aheadMs, clock, latenessMs))
        due = Math.min(due, end + aheadMs + latenessMs + 1);
    const isOver =
      carried !== null && this.isFinal(carried.lastTrueAt + withinMs + aheadMs, clock, latenessMs);
    return {
      candidates,
      failures,
      due,
      keepFrom: settledBefore - withinMs - aheadMs + 1,
      carried: isOver ? null : carried,
    };
  }

  #judge(
    events: readonly HeldEvent[],
    to: number,
    at: number,
    failures: Scan['failures'][number][],
  ): TrueTime | null {
    const { steps, withinMs } = this.#plan;
    const found: { event: HeldEvent; index: number; step: number }[] = [];
    const counts = steps.map(() => 0);
    let from = to - 1;
    let count = 0;
    for (; from >= 0 && events[from]!.at > at - withinMs; from--) {
      const bits = events[from]!.columns[0] as number;
      if ((bits & this.#stepBits) !== 0) count++;
      steps.forEach(({ test, times }, step) => {
        if (((bits >>> test) & 1) === 0 || counts[step]! >= times) return;
        counts[step]!++;
        found.push({ event: events[from]!, index: from, step });
      });
    }
    if (steps.some(({ times }, step) => counts[step]! < times)) return null;
    if (this.#isThere(events, at)) return null;
    found.sort((a, b) => a.index - b.index || a.step - b.step);
    const old = this.#before.find(({ until }) => at < until);
    const having = old === undefined ? this.#having : old.having;
    try {
      const judged =
        having === null ? { value: true as const, measures: {} } : this.#judged(found, having);
      if (judged === null) return null;
      return { at, lastEvent: found.at(-1)!.event, count, newest: found, judged };
    } catch (error) {
      failures.push({ error, end: at + 1, event: events[to - 1]! });
      return null;
    }
  }

  /** Is there an event of an absence less than the span before or after? */
  #isThere(events: readonly HeldEvent[], at: number): boolean {
    if (this.#absentBits === 0) return false;
    const { withinMs } = this.#plan;
    return events.some(
      (event) =>
        ((event.columns[0] as number) & this.#absentBits) !== 0 &&
        Math.abs(event.at - at) < withinMs,
    );
  }

  #judged(
    found: readonly { readonly event: HeldEvent; readonly step: number }[],
    having: MatchReader,
  ): Judged | null {
    const match: Record<string, EventReader | EventReader[]> = Object.create(null) as never;
    this.#plan.steps.forEach(({ name, times }, step) => {
      const own = found.filter((one) => one.step === step).map(({ event }) => having.reader(event));
      match[name] = times > 1 ? own : own[0]!;
    });
    const value = having.call(match, undefined);
    return value ? { value: kept(value), measures: {} } : null;
  }

  #begin({ at, newest, count, judged, lastEvent }: TrueTime, { evidence }: ScanInput): Run {
    const first = newest.slice(0, EVIDENCE_MAX);
    const last = newest.slice(Math.max(EVIDENCE_MAX, newest.length - EVIDENCE_MAX));
    return {
      firstAt: at,
      start: newest[0]!.event.at,
      lastTrueAt: at,
      count,
      first: first.map(({ event }) => evidence(event)),
      last: last.map(({ event }) => evidence(event)),
      steps: [...first, ...last].map(({ step }) => this.#plan.steps[step]!.name),
      judged,
      trigger: evidence(lastEvent),
    };
  }

  #candidate(run: Run, end: number): Candidate {
    const aheadMs = this.isEarly ? 0 : this.#plan.withinMs;
    return {
      identity: ['all', run.firstAt],
      start: run.start,
      end,
      at: run.firstAt + aheadMs,
      count: run.count,
      first: run.first,
      last: run.last,
      judged: run.judged,
      settledAt: end + aheadMs,
      lastAt: run.lastTrueAt,
      steps: run.steps ?? [],
      trigger: run.trigger,
    };
  }
}

const copyOf = (run: Run): Run => ({ ...run, first: [...run.first], last: [...run.last] });
