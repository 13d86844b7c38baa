import type { WindowPlan } from '../../plan/plan.ts';
import { type Candidate, type Scan, type ScanInput, type WindowKind } from './candidates.ts';
import type { Having } from './having.ts';
import type { HeldEvent } from './held-event.ts';
import { windowCandidate } from './hopping.ts';

/** Kinds whose windows follow from one look over a key's events, from left to right; no event is in two. */
export type ScannedPlan = Extract<WindowPlan, { kind: 'session' | 'from-first' | 'count' }>;

/** `events[from, to)`. */
interface Piece {
  readonly to: number;
  /** Exclusive, ms. */
  readonly end: number;
  /** false: a number of events that is not full yet. */
  readonly isWhole: boolean;
}

// Promises of this file:
//   C1  A piece whose end has passed clock - lateness is as it is for ever, and so is where the next one begins: what
//       is kept always begins with a piece.
export class ScannedWindows implements WindowKind {
  readonly #plan: ScannedPlan;
  readonly #having: Having;

  constructor(plan: ScannedPlan, having: Having) {
    this.#plan = plan;
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
    const plan = this.#plan;
    if (plan.kind === 'session') return at + plan.gapMs + 1 + latenessMs;
    return (
      at + latenessMs + (plan.kind === 'count' ? (plan.expiresMs ?? Infinity) + 1 : plan.lengthMs)
    );
  }

  scan(input: ScanInput): Scan {
    const { events, scannedTo, clock, latenessMs } = input;
    const candidates: Candidate[] = [];
    const failures: Scan['failures'][number][] = [];
    const starts: number[] = [];
    let due = Infinity;
    let keepFrom = -1;
    for (let from = 0, to = 0; from < events.length; from = to) {
      const piece = this.#piece(events, from);
      to = piece.to;
      starts.push(from);
      const { end, isWhole } = piece;
      const isOver = this.isFinal(end, clock, latenessMs);
      if (!isOver) {
        if (keepFrom < 0) keepFrom = starts.length - 1;
        due = Math.min(
          due,
          isWhole && end > clock && !this.#having.isEarly ? end : end + latenessMs,
        );
      }
      if (!isWhole || end <= scannedTo) continue;
      try {
        const candidate = this.#judge(input, end, from, to);
        if (candidate !== null) candidates.push(candidate);
      } catch (error) {
        failures.push({ error, end, event: events[to - 1]! });
      }
    }
    return {
      candidates,
      failures,
      due,
      keepFrom: keptFrom(events, starts, keepFrom),
      carried: null,
    };
  }

  /** The window that begins with an event. */
  #piece(events: readonly HeldEvent[], from: number): Piece {
    const plan = this.#plan;
    const firstAt = events[from]!.at;
    let to = from + 1;
    switch (plan.kind) {
      case 'from-first': {
        const end = firstAt + plan.lengthMs;
        while (to < events.length && events[to]!.at < end) to++;
        return { to, end, isWhole: true };
      }
      case 'session': {
        const cutAt = plan.maxMs === null ? Infinity : firstAt + plan.maxMs;
        while (to < events.length && gap(events, to) <= plan.gapMs && events[to]!.at < cutAt) to++;
        return { to, end: Math.min(events[to - 1]!.at + plan.gapMs + 1, cutAt), isWhole: true };
      }
      case 'count': {
        const expiresMs = plan.expiresMs ?? Infinity;
        while (to < events.length && to - from < plan.events && gap(events, to) <= expiresMs) to++;
        const lastAt = events[to - 1]!.at;
        const isWhole = to - from === plan.events;
        return { to, end: lastAt + 1 + (isWhole ? 0 : expiresMs), isWhole };
      }
    }
  }

  #judge(input: ScanInput, end: number, from: number, to: number): Candidate | null {
    const { events } = input;
    const judge = this.#having.start(this.#plan.kind === 'from-first' ? this.#plan.lengthMs : null);
    const { early } = this.#having;
    let becameTrue: HeldEvent | null = null;
    for (let i = from; i < to; i++) {
      judge.add(events[i]!);
      if (early !== null && becameTrue === null && judge.holds(early, events, from, i + 1))
        becameTrue = events[i]!;
    }
    if (early !== null && becameTrue === null) return null;
    const judged = judge.judge(events, from, to, null);
    if (judged === null) return null;
    const trigger = becameTrue ?? (this.#having.isEarly ? events[from]! : events[to - 1]!);
    const firstAt = events[from]!.at;
    if (this.#plan.kind !== 'count') {
      const kind = this.#plan.kind === 'session' ? 'session' : 'window';
      return windowCandidate(kind, firstAt, firstAt, end, trigger, judged, input, from, to);
    }
    // Two windows may begin in one millisecond: the first event tells them apart.
    const { source, partition, number } = input.evidence(events[from]!).name;
    const identity = [firstAt, source, partition, number];
    const last = events[to - 1]!;
    return windowCandidate('count', identity, firstAt, end, last, judged, input, from, to);
  }
}

const gap = (events: readonly HeldEvent[], i: number): number => events[i]!.at - events[i - 1]!.at;

/**
 * The time from which events are kept: that of the first event of the first piece that may change. What is kept is told
 * by time, so a piece that ends in the same millisecond is kept whole.
 */
function keptFrom(events: readonly HeldEvent[], starts: readonly number[], piece: number): number {
  if (piece < 0) return Infinity;
  let first = piece;
  while (first > 0 && events[starts[first]! - 1]!.at === events[starts[first]!]!.at) first--;
  return events[starts[first]!]!.at;
}
