import type { JoinDetectPlan } from '../../plan/match-plan.ts';
import type { Json } from '../../plan/json.ts';
import type { Candidate, Evidence, Scan, ScanInput, WindowKind } from './candidates.ts';
import { kept, type Judged } from './having.ts';
import type { HeldEvent } from './held-event.ts';
import { MatchReader, type MatchCode } from './sequence/match-reader.ts';
import { MATCHES_MAX } from './sequence/sequence-run.ts';

type Side = 0 | 1;

// Promises of this file:
//   J1  A pair is found once: when the later of its events stands at the end of what was looked at before.
/** `JOIN`: every pair of events of two sides whose distance is within bounds, and events without a partner. */
export class Joins implements WindowKind {
  readonly eventsMin: number;
  readonly isEarly = true;
  readonly #plan: JoinDetectPlan;
  readonly #having: MatchReader | null;

  constructor(plan: JoinDetectPlan, having: MatchCode | null) {
    this.#plan = plan;
    this.#having = plan.having === null ? null : new MatchReader(plan, plan.having, having!);
    this.eventsMin = plan.unmatched.some(Boolean) ? 1 : 2;
  }

  isFinal(end: number, clock: number, latenessMs: number): boolean {
    return clock >= end + latenessMs;
  }

  /** How far its partner may be after an event, and then whether it has one is known. */
  get #aheadMs(): number {
    return Math.max(0, this.#plan.highMs, -this.#plan.lowMs);
  }

  forgetAt(at: number, latenessMs: number): number {
    return at + 2 * (this.#aheadMs + 1) + latenessMs;
  }

  scan(input: ScanInput): Scan {
    const { events, clock, latenessMs, scannedTo } = input;
    const candidates: Candidate[] = [];
    const failures: Scan['failures'][number][] = [];
    let due = Infinity;
    const give = (end: number, make: () => Candidate | null, event: HeldEvent): boolean => {
      if (end <= scannedTo) return false;
      if (!this.isFinal(end, clock, latenessMs))
        due = Math.min(due, end > clock ? end : end + latenessMs);
      try {
        const candidate = make();
        if (candidate !== null) candidates.push(candidate);
        return candidate !== null;
      } catch (error) {
        failures.push({ error, end, event });
        return false;
      }
    };
    if (this.#plan.pairs)
      for (let later = 0; later < events.length; later++) this.#pairsOf(input, later, give);
    for (const side of [0, 1] as const)
      if (this.#plan.unmatched[side]) this.#unmatched(input, side, give);
    return {
      candidates,
      failures,
      due,
      keepFrom: clock - latenessMs - 2 * (this.#aheadMs + 1) + 1,
      carried: null,
    };
  }

  /** Pairs whose later event this is, the earlier ones first. */
  #pairsOf(
    input: ScanInput,
    later: number,
    give: (end: number, make: () => Candidate | null, event: HeldEvent) => boolean,
  ): void {
    const { events, evidence } = input;
    const event = events[later]!;
    let from = later;
    while (from > 0 && event.at - events[from - 1]!.at <= this.#aheadMs) from--;
    const pairs: (readonly [a: HeldEvent, b: HeldEvent, earlier: HeldEvent])[] = [];
    for (let earlier = from; earlier < later && pairs.length <= MATCHES_MAX; earlier++) {
      const other = events[earlier]!;
      if (this.#isPair(other, event)) pairs.push([other, event, other]);
      if (this.#isPair(event, other)) pairs.push([event, other, other]);
    }
    const isCut = pairs.length > MATCHES_MAX;
    pairs.slice(0, MATCHES_MAX).forEach(([a, b, earlier], i) => {
      const isLast = isCut && i === MATCHES_MAX - 1;
      give(event.at + 1, () => this.#pair(a, b, earlier, event, evidence, isLast), event);
    });
  }

  #isPair(a: HeldEvent, b: HeldEvent): boolean {
    const apart = b.at - a.at;
    return isOf(a, 0) && isOf(b, 1) && apart >= this.#plan.lowMs && apart <= this.#plan.highMs;
  }

  #pair(
    a: HeldEvent,
    b: HeldEvent,
    earlier: HeldEvent,
    later: HeldEvent,
    evidence: (event: HeldEvent) => Evidence,
    isCut: boolean,
  ): Candidate | null {
    const judged = this.#judge(a, b);
    if (judged === null) return null;
    const { sides } = this.#plan;
    const named = (event: HeldEvent): Json => {
      const { source, partition, number, at } = evidence(event).name;
      return [source, partition, number, at];
    };
    return {
      identity: ['pair', [named(a), named(b)]],
      start: earlier.at,
      end: later.at + 1,
      at: later.at,
      count: 2,
      first: [evidence(earlier), evidence(later)],
      last: [],
      judged,
      steps: earlier === a ? [sides[0], sides[1]] : [sides[1], sides[0]],
      isCut,
      trigger: evidence(later),
    };
  }

  #judge(a: HeldEvent | null, b: HeldEvent | null): Judged | null {
    if (this.#having === null) return { value: true, measures: {} };
    const reader = (event: HeldEvent | null): unknown =>
      event === null ? undefined : this.#having!.reader(event);
    const value = this.#having.call(reader(a), reader(b));
    return value ? { value: kept(value), measures: {} } : null;
  }

  /** Events of a side for which no partner has come when none can come any more. */
  #unmatched(
    input: ScanInput,
    side: Side,
    give: (end: number, make: () => Candidate | null, event: HeldEvent) => boolean,
  ): void {
    const { events, evidence } = input;
    const { lowMs, highMs, sides } = this.#plan;
    const farthest = side === 0 ? highMs : -lowMs;
    const nearest = side === 0 ? lowMs : -highMs;
    for (const event of events) {
      if (!isOf(event, side)) continue;
      const deadline = Math.max(event.at, event.at + farthest) + 1;
      const hasPartner = events.some(
        (other) =>
          other !== event &&
          isOf(other, side === 0 ? 1 : 0) &&
          other.at - event.at >= nearest &&
          other.at - event.at <= farthest,
      );
      if (hasPartner) continue;
      const make = (): Candidate | null => {
        const judged = side === 0 ? this.#judge(event, null) : this.#judge(null, event);
        if (judged === null) return null;
        const { source, partition, number, at } = evidence(event).name;
        return {
          identity: ['unmatched', [sides[side], source, partition, number, at]],
          start: event.at,
          end: deadline,
          at: deadline,
          count: 1,
          first: [evidence(event)],
          last: [],
          judged,
          isAbsence: true,
          trigger: evidence(event),
          steps: [sides[side]],
        };
      };
      give(deadline, make, event);
    }
  }
}

const isOf = (event: HeldEvent, side: Side): boolean =>
  (((event.columns[0] as number) >>> side) & 1) === 1;
