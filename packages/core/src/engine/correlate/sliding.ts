import type { SlidingWindowPlan } from '../../plan/plan.ts';
import {
  EVIDENCE_MAX,
  evidenceOf,
  type Candidate,
  type Evidence,
  type Run,
  type Scan,
  type ScanInput,
  type WindowKind,
} from './candidates.ts';
import type { Having, Judged } from './having.ts';
import type { HeldEvent } from './held-event.ts';

// Promises of this file:
//   S1  Judging a time costs the events that enter and leave, not the window's length (for aggregates).
//   S2  Times before clock - lateness are judged once: what they left is carried, so a run may outlive its events.

/**
 * `SLIDING`: HAVING is judged at each distinct event time t over `(t - length, t]`; a result is a run of true times
 * less than `length` apart, or (EVERY) each true time.
 */
export class SlidingWindows implements WindowKind {
  readonly #plan: SlidingWindowPlan;
  readonly #having: Having;

  readonly #before: readonly HavingBefore[];

  /** `before`: what earlier versions of the rule say of times before theirs ended, in their order. */
  constructor(plan: SlidingWindowPlan, having: Having, before: readonly HavingBefore[] = []) {
    this.#plan = plan;
    this.#having = having;
    this.#before = before;
  }

  get eventsMin(): number {
    return this.#having.eventsMin;
  }

  get isEarly(): boolean {
    return this.#having.isEarly;
  }

  /**
   * A run one later than other windows: an event exactly at clock - lateness is on time and may yet make a false time
   * true. A single time (EVERY) ends 1 ms after its last event, so nothing that can come is in it any more.
   */
  isFinal(end: number, clock: number, latenessMs: number): boolean {
    return this.#plan.every ? clock >= end + latenessMs : clock > end + latenessMs;
  }

  forgetAt(at: number, latenessMs: number): number {
    // A quarter longer than needed, so that each look at a key forgets many events at once.
    return at + this.#plan.lengthMs + latenessMs + Math.ceil(this.#plan.lengthMs / 4);
  }

  scan(input: ScanInput): Scan {
    const { events, clock, latenessMs } = input;
    const scan = new SlidingScan(this.#plan, this.#having, this.#before, input);
    scan.run();
    const due = Math.min(
      ...scan.candidates
        .map(({ end }) => end)
        .filter((end) => !this.isFinal(end, clock, latenessMs))
        .map((end) => end + latenessMs + (this.#plan.every ? 0 : 1)),
      this.#having.isEarly ? Infinity : scan.nextTimeAt + 1,
      events.length === 0 ? Infinity : this.forgetAt(events[0]!.at, latenessMs),
    );
    const carried = scan.carried;
    const isOver =
      carried !== null && this.isFinal(carried.lastTrueAt + this.#plan.lengthMs, clock, latenessMs);
    return {
      candidates: scan.candidates,
      failures: scan.failures,
      due,
      keepFrom: clock - latenessMs - this.#plan.lengthMs + 1,
      carried: isOver ? null : carried,
    };
  }
}

/** What an earlier version says of times before its end. */
export interface HavingBefore {
  readonly having: Having;
  readonly until: number;
}

/** One look over the events of a key, from left to right. */
class SlidingScan {
  readonly candidates: Candidate[] = [];
  readonly failures: { error: unknown; end: number; event: HeldEvent }[] = [];
  /** State before clock - lateness. */
  carried: Run | null;
  /** The first time that was not judged, since the clock has not passed it; Infinity if all were. */
  nextTimeAt = Infinity;
  readonly #plan: SlidingWindowPlan;
  readonly #having: Having;
  readonly #input: ScanInput;
  #run: Run | null;

  readonly #before: readonly HavingBefore[];

  constructor(
    plan: SlidingWindowPlan,
    having: Having,
    before: readonly HavingBefore[],
    input: ScanInput,
  ) {
    this.#plan = plan;
    this.#having = having;
    this.#before = before;
    this.#input = input;
    this.#run = input.carried === null ? null : copyOf(input.carried as Run);
    this.carried = this.#run;
  }

  run(): void {
    const { events, scannedTo, clock, latenessMs } = this.#input;
    const settledBefore = clock - latenessMs;
    const versions = [...this.#before, { having: this.#having, until: Infinity }].map(
      ({ having, until }) => ({ having, until, judge: having.start(this.#plan.lengthMs) }),
    );
    let isCarried = false;
    let from = 0;
    for (let to = 0; to < events.length;) {
      const { at } = events[to]!;
      if (!this.#having.isEarly && at >= clock) {
        this.nextTimeAt = at;
        break;
      }
      const groupFrom = to;
      for (; to < events.length && events[to]!.at === at; to++)
        for (const { judge } of versions) judge.add(events[to]!);
      for (; events[from]!.at <= at - this.#plan.lengthMs; from++)
        for (const { judge } of versions) judge.remove(events[from]!);
      if (at < scannedTo) continue;
      if (at >= settledBefore && !isCarried) {
        this.carried = this.#run === null ? null : copyOf(this.#run);
        isCarried = true;
      }
      const version = versions.find(({ until }) => at < until)!;
      this.#judgeTime(at, from, groupFrom, to, this.#judged(version, at, from, to));
    }
    if (!isCarried) this.carried = this.#run === null ? null : copyOf(this.#run);
    if (this.#run !== null) this.#close(this.#run.lastTrueAt + this.#plan.lengthMs);
  }

  #judged(
    { having, judge }: { readonly having: Having; readonly judge: ReturnType<Having['start']> },
    at: number,
    from: number,
    to: number,
  ): Judged | null {
    const { events } = this.#input;
    try {
      const { early } = having;
      if (early !== null && !judge.holds(early, events, from, to)) return null;
      return judge.judge(events, from, to, null);
    } catch (error) {
      this.failures.push({ error, end: at + 1, event: events[to - 1]! });
      return null;
    }
  }

  #judgeTime(at: number, from: number, groupFrom: number, to: number, judged: Judged | null): void {
    const { lengthMs, maxMs, every } = this.#plan;
    if (every) {
      if (judged !== null) this.candidates.push(this.#timeCandidate(at, from, to, judged));
      return;
    }
    if (this.#run !== null && at - this.#run.lastTrueAt >= lengthMs)
      this.#close(this.#run.lastTrueAt + lengthMs);
    if (judged === null) {
      if (this.#run !== null) this.#close(at);
      return;
    }
    if (this.#run !== null && at >= this.#run.firstAt + maxMs) this.#close(at);
    if (this.#run === null) {
      this.#run = {
        firstAt: at,
        start: this.#input.events[from]!.at,
        lastTrueAt: at,
        count: to - from,
        judged,
        trigger: this.#input.evidence(this.#input.events[to - 1]!),
        ...evidenceOf(this.#input.events, from, to, this.#input.evidence),
      };
    } else {
      this.#run.lastTrueAt = at;
      this.#run.count = Math.max(this.#run.count, to - from);
      for (let i = groupFrom; i < to; i++)
        extend(this.#run, this.#input.evidence(this.#input.events[i]!));
    }
  }

  #close(end: number): void {
    const run = this.#run!;
    this.#run = null;
    const { firstAt, start, count, first, last, judged, trigger } = run;
    this.candidates.push({
      identity: ['run', firstAt],
      start,
      end,
      at: firstAt,
      count,
      first,
      last,
      judged,
      trigger,
    });
  }

  #timeCandidate(at: number, from: number, to: number, judged: Judged): Candidate {
    const { events, evidence } = this.#input;
    const { first, last } = evidenceOf(events, from, to, evidence);
    return {
      identity: ['run', at],
      start: events[from]!.at,
      end: at + 1,
      at,
      count: to - from,
      first,
      last,
      judged,
      trigger: evidence(events[to - 1]!),
    };
  }
}

const copyOf = (run: Run): Run => ({ ...run, first: [...run.first], last: [...run.last] });

function extend(run: Run, evidence: Evidence): void {
  if (run.first.length < EVIDENCE_MAX) run.first.push(evidence);
  else {
    run.last.push(evidence);
    if (run.last.length > EVIDENCE_MAX) run.last.shift();
  }
}
