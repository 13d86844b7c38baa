import type { WindowSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { Windowed } from './aggregates.ts';
import type { Judge, Judged } from './having.ts';

/** A window or run for which HAVING is true. */
export interface TrueWindow {
  readonly kind: 'window' | 'run' | 'session' | 'count' | 'sequence' | 'all' | 'pair' | 'unmatched';
  /** What tells it from others of its key: where it starts, or its first true time, ms; of a count its first event. */
  readonly from: Json;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly at: number;
  readonly count: number;
  readonly events: readonly Windowed[];
  readonly judged: Judged;
  /** The event right after which it stands among events. */
  readonly trigger: Windowed;
  /** Of each event the step or side that took it, where there are some. */
  readonly steps?: readonly string[];
  readonly isCut?: boolean;
  /** Time of its last event, if it is not the last of `events`. */
  readonly lastAt?: number;
  /** false: it is judged when its window ends. */
  readonly isEarly?: boolean;
}

/** What earlier versions of a rule say of times before their end. */
export type JudgesBefore = readonly { readonly judge: Judge; readonly until: number }[];

/** The true windows of one key. `events` in event order. */
export function trueWindows(
  events: readonly Windowed[],
  window: WindowSyntax,
  newest: Judge,
  before: JudgesBefore = [],
): TrueWindow[] {
  // Each time of SLIDING is judged by the version that holds then.
  const judge: Judge =
    window.kind !== 'sliding'
      ? newest
      : {
          ...newest,
          judge: (own, facts) => {
            const at = own.at(-1)!.at;
            return (before.find(({ until }) => at < until)?.judge ?? newest).judge(own, facts);
          },
        };
  return allTrue(events, window, judge).map((one) => ({ ...one, isEarly: judge.isEarly }));
}

function allTrue(events: readonly Windowed[], window: WindowSyntax, judge: Judge): TrueWindow[] {
  switch (window.kind) {
    case 'hopping':
      return hopping(events, window.lengthMs, window.slideMs, judge);
    case 'session':
      return sessions(events, window.gapMs, window.maxMs ?? Infinity, judge);
    case 'from-first':
      return fromFirst(events, window.lengthMs, judge);
    case 'count':
      return countWindows(events, window.events, window.expiresMs ?? Infinity, judge);
    case 'sliding':
      return window.every
        ? slidingEvery(events, window.lengthMs, judge)
        : runs(events, window.lengthMs, window.maxMs, judge);
  }
}

/** Windows `[start, start + length)` at whole multiples of the slide since 1970. */
function hopping(
  events: readonly Windowed[],
  lengthMs: number,
  slideMs: number,
  judge: Judge,
): TrueWindow[] {
  const starts = new Set<number>();
  for (const { at } of events) {
    const newest = Math.floor(at / slideMs) * slideMs;
    for (let start = newest; start > at - lengthMs; start -= slideMs) starts.add(start);
  }
  const inWindow = (start: number): Windowed[] =>
    events.filter(({ at }) => at >= start && at < start + lengthMs);
  return [...starts].flatMap((start) => {
    const before = inWindow(start - slideMs);
    const previous = before.length === 0 ? null : before;
    return wholeWindow('window', start, start, start + lengthMs, inWindow(start), judge, {
      rateMs: lengthMs,
      previous,
    });
  });
}

/** Maximal runs of events with gaps of at most `gapMs`, cut before the first event `maxMs` or more after the first. */
function sessions(
  events: readonly Windowed[],
  gapMs: number,
  maxMs: number,
  judge: Judge,
): TrueWindow[] {
  const found: Windowed[][] = [];
  for (const event of events) {
    const current = found.at(-1);
    const isWithin =
      current !== undefined &&
      event.at - current.at(-1)!.at <= gapMs &&
      event.at - current[0]!.at < maxMs;
    if (isWithin) current.push(event);
    else found.push([event]);
  }
  return found.flatMap((session) => {
    const firstAt = session[0]!.at;
    const end = Math.min(session.at(-1)!.at + gapMs + 1, firstAt + maxMs);
    return wholeWindow('session', firstAt, firstAt, end, session, judge, {
      rateMs: null,
      previous: null,
    });
  });
}

/** Windows of one length, each from the first event that is in none before it. */
function fromFirst(events: readonly Windowed[], lengthMs: number, judge: Judge): TrueWindow[] {
  const found: Windowed[][] = [];
  for (const event of events) {
    const current = found.at(-1);
    if (current !== undefined && event.at < current[0]!.at + lengthMs) current.push(event);
    else found.push([event]);
  }
  return found.flatMap((inside) => {
    const start = inside[0]!.at;
    const facts = { rateMs: lengthMs, previous: null };
    return wholeWindow('window', start, start, start + lengthMs, inside, judge, facts);
  });
}

/** Every n events, counted anew after a gap greater than `expiresMs`. */
function countWindows(
  events: readonly Windowed[],
  n: number,
  expiresMs: number,
  judge: Judge,
): TrueWindow[] {
  const found: Windowed[][] = [];
  let current: Windowed[] = [];
  for (const event of events) {
    if (current.length > 0 && event.at - current.at(-1)!.at > expiresMs) current = [];
    current.push(event);
    if (current.length < n) continue;
    found.push(current);
    current = [];
  }
  return found.flatMap((inside) => {
    const { event, at } = inside[0]!;
    const { source, partition, number } = event.nameAt(at);
    const lastAt = inside.at(-1)!.at;
    const facts = { rateMs: null, previous: null };
    const from: Json = [at, source, partition, number];
    return wholeWindow('count', from, at, lastAt + 1, inside, judge, facts).map((window) => ({
      ...window,
      at: lastAt,
      trigger: inside.at(-1)!,
    }));
  });
}

function wholeWindow(
  kind: TrueWindow['kind'],
  from: Json,
  start: number,
  end: number,
  events: readonly Windowed[],
  judge: Judge,
  facts: Parameters<Judge['judge']>[1],
): TrueWindow[] {
  const judged = judge.judge(events, facts);
  if (judged === null) return [];
  const trigger = becameTrueBy(events, judge, facts);
  return [
    {
      kind,
      from,
      start,
      end,
      at: trigger.at,
      trigger,
      count: events.length,
      events,
      judged,
    },
  ];
}

/** Of early kinds the event by which, in event order, it became true; of others the last one. */
function becameTrueBy(
  events: readonly Windowed[],
  judge: Judge,
  facts: Parameters<Judge['judge']>[1],
): Windowed {
  if (judge.isEarly)
    for (let taken = 1; taken <= events.length; taken++)
      if (judge.judge(events.slice(0, taken), facts) !== null) return events[taken - 1]!;
  return events.at(-1)!;
}

/** Each distinct time at which HAVING is true over `(time - length, time]`, or false. */
function judgedTimes(events: readonly Windowed[], lengthMs: number, judge: Judge): JudgedTime[] {
  const times = [...new Set(events.map(({ at }) => at))];
  return times.map((time) => {
    const inWindow = events.filter(({ at }) => at > time - lengthMs && at <= time);
    return { time, inWindow, judged: judge.judge(inWindow, { rateMs: lengthMs, previous: null }) };
  });
}

interface JudgedTime {
  readonly time: number;
  readonly inWindow: readonly Windowed[];
  readonly judged: Judged | null;
}

function slidingEvery(events: readonly Windowed[], lengthMs: number, judge: Judge): TrueWindow[] {
  return judgedTimes(events, lengthMs, judge).flatMap(({ time, inWindow, judged }) => {
    if (judged === null) return [];
    const start = inWindow[0]!.at;
    return [
      {
        kind: 'run',
        from: time,
        start,
        end: time + 1,
        at: time,
        count: inWindow.length,
        events: inWindow,
        judged,
        trigger: inWindow.at(-1)!,
      },
    ];
  });
}

/** Runs of consecutive true times less than the length apart; cut before the first time that is `maxMs` after the first. */
function runs(
  events: readonly Windowed[],
  lengthMs: number,
  maxMs: number,
  judge: Judge,
): TrueWindow[] {
  const times = judgedTimes(events, lengthMs, judge);
  const found: { trueTimes: JudgedTime[]; end: number }[] = [];
  let run: JudgedTime[] = [];
  const close = (end: number): void => {
    if (run.length > 0) found.push({ trueTimes: run, end });
    run = [];
  };
  for (const one of times) {
    const lastTrue = run.at(-1);
    if (lastTrue !== undefined && one.time - lastTrue.time >= lengthMs)
      close(lastTrue.time + lengthMs);
    else if (one.judged === null || (lastTrue !== undefined && one.time >= run[0]!.time + maxMs))
      close(one.time);
    if (one.judged !== null) run.push(one);
  }
  if (run.length > 0) close(run.at(-1)!.time + lengthMs);
  return found.map(({ trueTimes, end }) => runFrom(events, trueTimes, end));
}

function runFrom(
  events: readonly Windowed[],
  trueTimes: readonly JudgedTime[],
  end: number,
): TrueWindow {
  const { time, inWindow, judged } = trueTimes[0]!;
  const start = inWindow[0]!.at;
  const lastTrueAt = trueTimes.at(-1)!.time;
  return {
    kind: 'run',
    from: time,
    start,
    end,
    at: time,
    trigger: inWindow.at(-1)!,
    count: Math.max(...trueTimes.map((one) => one.inWindow.length)),
    events: events.filter(({ at }) => at >= start && at <= lastTrueAt),
    judged: judged!,
  };
}
