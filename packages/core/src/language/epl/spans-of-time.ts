import type { WindowSyntax } from './syntax.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  milliseconds: 1,
  s: SECOND,
  sec: SECOND,
  secs: SECOND,
  second: SECOND,
  seconds: SECOND,
  m: MINUTE,
  min: MINUTE,
  mins: MINUTE,
  minute: MINUTE,
  minutes: MINUTE,
  h: HOUR,
  hour: HOUR,
  hours: HOUR,
  d: DAY,
  day: DAY,
  days: DAY,
  w: WEEK,
  week: WEEK,
  weeks: WEEK,
};

/** Longest span that a rule may name: a hundred years. Times stay exact integers. */
const SPAN_MAX_MS = 36_525 * DAY;

/** `5:min`, `5 min`, `5min`. Milliseconds. */
export function takeSpan(cursor: Cursor, least: 0 | 1 = 1): number {
  cursor.skipSpace();
  const start = cursor.position;
  const amount = cursor.takeInteger('a span of time such as 5:min');
  return spanOf(cursor, start, amount, least);
}

function spanOf(cursor: Cursor, start: number, amount: number, least: number): number {
  cursor.takeSign(':');
  const word = cursor.takeWord();
  const span = { start, end: cursor.position };
  const unitMs = Object.hasOwn(UNITS, word.toLowerCase()) ? UNITS[word.toLowerCase()]! : undefined;
  if (unitMs === undefined) {
    const guess = nearest(word.toLowerCase(), Object.keys(UNITS));
    throw new ClauseProblem(
      'E107',
      `\`${word}\` is not a unit of time: ms, sec, min, hour, day, week`,
      span,
      guess && `${amount}:${guess}`,
    );
  }
  if (amount < least)
    throw new ClauseProblem(
      'E107',
      'a span of time must be longer than nothing',
      span,
      `1:${word}`,
    );
  if (amount * unitMs > SPAN_MAX_MS)
    throw new ClauseProblem('E107', 'a span of time may be at most 100 years', span);
  return amount * unitMs;
}

const DEFAULT_RUN_MAX_MS = DAY;
/** Events are held until the window closes. */
const EVENTS_MAX = 1_000_000;

/** What follows WITHIN. */
export function takeWindow(cursor: Cursor): WindowSyntax {
  cursor.skipSpace();
  const start = cursor.position;
  const spanned = (): { start: number; end: number } => ({ start, end: cursor.position });
  if (cursor.takeKeywords('SESSION')) {
    const gapMs = takeSpan(cursor);
    const maxMs = cursor.takeKeywords('MAX') ? takeSpan(cursor) : null;
    return { span: spanned(), kind: 'session', gapMs, maxMs };
  }
  const amount = cursor.takeInteger('a span of time such as 5:min');
  const before = cursor.position;
  cursor.takeSign(':');
  if (/^events?$/i.test(cursor.peekWord())) {
    cursor.takeWord();
    const expiresMs = cursor.takeKeywords('EXPIRES') ? takeSpan(cursor) : null;
    if (amount < 1 || amount > EVENTS_MAX)
      throw new ClauseProblem(
        'E107',
        `a window holds from 1 to ${EVENTS_MAX} events`,
        spanned(),
        'WITHIN 100:events',
      );
    return { span: spanned(), kind: 'count', events: amount, expiresMs };
  }
  cursor.position = before;
  const lengthMs = spanOf(cursor, start, amount, 1);
  if (cursor.takeKeywords('FROM', 'FIRST'))
    return { span: spanned(), kind: 'from-first', lengthMs };
  if (cursor.takeKeywords('SLIDING')) {
    const every = cursor.takeKeywords('EVERY');
    const maxMs = cursor.takeKeywords('MAX') ? takeSpan(cursor) : DEFAULT_RUN_MAX_MS;
    return { span: spanned(), kind: 'sliding', lengthMs, maxMs, every };
  }
  const slideMs = cursor.takeSign(',') ? takeSpan(cursor) : lengthMs;
  return { span: spanned(), kind: 'hopping', lengthMs, slideMs };
}

/** The shortest way to write a span: `90000` is `90:sec`. */
export function spanText(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [WEEK, 'week'],
    [DAY, 'day'],
    [HOUR, 'hour'],
    [MINUTE, 'min'],
    [SECOND, 'sec'],
  ];
  for (const [unitMs, word] of units)
    if (ms > 0 && ms % unitMs === 0) return `${ms / unitMs}:${word}`;
  return `${ms}:ms`;
}
