import { type Candidate, type Scan, type ScanInput, type WindowKind } from './candidates.ts';
import type { Having } from './having.ts';
import { windowCandidate } from './hopping.ts';

/** Maximal runs of events with gaps <= gap; a session ends (exclusive) at its last event + gap + 1 ms. */
export class SessionWindows implements WindowKind {
  readonly #gapMs: number;
  readonly #having: Having;

  constructor(gapMs: number, having: Having) {
    this.#gapMs = gapMs;
    this.#having = having;
  }

  isFinal(end: number, clock: number, latenessMs: number): boolean {
    return clock >= end + latenessMs;
  }

  forgetAt(at: number, latenessMs: number): number {
    return at + this.#gapMs + 1 + latenessMs;
  }

  scan(input: ScanInput): Scan {
    const { events, scannedTo, clock, latenessMs } = input;
    const candidates: Candidate[] = [];
    const failures: Scan['failures'][number][] = [];
    let due = Infinity;
    let keepFrom = Infinity;
    for (let from = 0, to = 0; from < events.length; from = to) {
      to = from + 1;
      while (to < events.length && events[to]!.at - events[to - 1]!.at <= this.#gapMs) to++;
      const end = events[to - 1]!.at + this.#gapMs + 1;
      if (end <= scannedTo) continue;
      if (!this.isFinal(end, clock, latenessMs)) {
        due = Math.min(due, end > clock && !this.#having.isEarly ? end : end + latenessMs);
        keepFrom = Math.min(keepFrom, events[from]!.at);
      }
      try {
        const candidate = this.#judge(input, end, from, to);
        if (candidate !== null) candidates.push(candidate);
      } catch (error) {
        failures.push({ error, end, event: events[to - 1]! });
      }
    }
    return { candidates, failures, due, keepFrom, carried: null };
  }

  #judge(input: ScanInput, end: number, from: number, to: number): Candidate | null {
    const { events } = input;
    const judge = this.#having.start(null);
    const { early } = this.#having;
    let becameTrueAt: number | null = null;
    for (let i = from; i < to; i++) {
      judge.add(events[i]!);
      if (early !== null && becameTrueAt === null && judge.holds(early, events, from, i + 1))
        becameTrueAt = events[i]!.at;
    }
    if (early !== null && becameTrueAt === null) return null;
    const judged = judge.judge(events, from, to, null);
    if (judged === null) return null;
    const at = becameTrueAt ?? (this.#having.isEarly ? events[from]!.at : events[to - 1]!.at);
    const firstAt = events[from]!.at;
    return windowCandidate('session', firstAt, firstAt, end, at, judged, input, from, to);
  }
}
