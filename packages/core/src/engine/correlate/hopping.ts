import type { Json } from '../../plan/json.ts';
import {
  evidenceOf,
  type Candidate,
  type Scan,
  type ScanInput,
  type WindowKind,
} from './candidates.ts';
import type { Having, Judged } from './having.ts';
import { atOf, type HeldEvent } from './held-event.ts';

/** Tumbling and hopping windows: `[start, start + length)`, starts at multiples of the slide since 1970. */
export class HoppingWindows implements WindowKind {
  readonly #lengthMs: number;
  readonly #slideMs: number;
  readonly #having: Having;

  constructor(lengthMs: number, slideMs: number, having: Having) {
    this.#lengthMs = lengthMs;
    this.#slideMs = slideMs;
    this.#having = having;
  }

  get eventsMin(): number {
    return this.#having.eventsMin;
  }

  get isEarly(): boolean {
    return this.#having.isEarly;
  }

  isFinal(end: number, clock: number, latenessMs: number): boolean {
    return clock >= end + latenessMs;
  }

  forgetAt(at: number, latenessMs: number): number {
    return this.#lastStart(at) + this.#lengthMs + latenessMs + this.#previousMs;
  }

  /** `previous` reads the window one slide earlier, so events stay one slide longer. */
  get #previousMs(): number {
    return this.#having.usesPrevious ? this.#slideMs : 0;
  }

  #lastStart(at: number): number {
    return Math.floor(at / this.#slideMs) * this.#slideMs;
  }

  #firstStart(at: number): number {
    return (Math.floor((at - this.#lengthMs) / this.#slideMs) + 1) * this.#slideMs;
  }

  /** What is judged at its end need not be looked at for each event: only when the first window that holds it ends. */
  lookAt(
    _row: number,
    bytes: Uint8Array,
    start: number,
    _isAlone: boolean,
    clock: number,
  ): number | null {
    if (this.#having.isEarly) return null;
    const end = this.#firstStart(atOf(bytes, start)) + this.#lengthMs;
    return end > clock ? end : null;
  }

  scan(input: ScanInput): Scan {
    const { events, scannedTo, clock, latenessMs } = input;
    const candidates: Candidate[] = [];
    const failures: Scan['failures'][number][] = [];
    let due = Infinity;
    let from = 0;
    let to = 0;
    for (
      let start = this.#firstStart(events[0]?.at ?? 0);
      from < events.length;
      start += this.#slideMs
    ) {
      const end = start + this.#lengthMs;
      while (from < events.length && events[from]!.at < start) from++;
      if (from === events.length) break;
      if (events[from]!.at >= end) {
        // An empty stretch: go on at the first window of the next event.
        start = this.#firstStart(events[from]!.at) - this.#slideMs;
        continue;
      }
      while (to < events.length && events[to]!.at < end) to++;
      if (end <= scannedTo) continue;
      if (!this.isFinal(end, clock, latenessMs))
        due = Math.min(due, this.#dueOf(end, clock, latenessMs));
      try {
        const candidate = this.#judge(input, start, from, to);
        if (candidate !== null) candidates.push(candidate);
      } catch (error) {
        failures.push({ error, end, event: events[to - 1]! });
      }
    }
    const keepFrom = this.#firstStart(clock - latenessMs) - this.#previousMs;
    return { candidates, failures, due, keepFrom, carried: null };
  }

  #dueOf(end: number, clock: number, latenessMs: number): number {
    return end > clock && !this.#having.isEarly ? end : end + latenessMs;
  }

  #judge(input: ScanInput, start: number, from: number, to: number): Candidate | null {
    const { events } = input;
    const judge = this.#having.start(this.#lengthMs);
    const { early } = this.#having;
    let becameTrue: HeldEvent | null = null;
    for (let i = from; i < to; i++) {
      judge.add(events[i]!);
      if (early !== null && becameTrue === null && judge.holds(early, events, from, i + 1))
        becameTrue = events[i]!;
    }
    if (early !== null && becameTrue === null) return null;
    const judged = judge.judge(events, from, to, this.#previous(events, start));
    if (judged === null) return null;
    const trigger = becameTrue ?? (this.#having.isEarly ? events[from]! : events[to - 1]!);
    return windowCandidate(
      'window',
      start,
      start,
      start + this.#lengthMs,
      trigger,
      judged,
      input,
      from,
      to,
    );
  }

  #previous(events: readonly HeldEvent[], start: number): (Json | undefined)[] | null {
    if (!this.#having.usesPrevious) return null;
    const previousStart = start - this.#slideMs;
    const from = events.findIndex(({ at }) => at >= previousStart);
    if (from < 0) return null;
    let to = from;
    while (to < events.length && events[to]!.at < previousStart + this.#lengthMs) to++;
    if (from === to) return null;
    const other = this.#having.start(this.#lengthMs);
    for (let i = from; i < to; i++) other.add(events[i]!);
    return other.values(events, from, to);
  }
}

export function windowCandidate(
  kind: Candidate['identity'][0],
  identityAt: Json,
  start: number,
  end: number,
  trigger: HeldEvent,
  judged: Judged,
  { events, evidence }: ScanInput,
  from: number,
  to: number,
): Candidate {
  const { first, last } = evidenceOf(events, from, to, evidence);
  return {
    identity: [kind, identityAt],
    start,
    end,
    at: trigger.at,
    count: to - from,
    first,
    last,
    judged,
    trigger: evidence(trigger),
  };
}
