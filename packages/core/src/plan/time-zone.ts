import { daysFromCivil } from './civil.ts';

/** The offset from UTC, ms, at a local time (ms as if it were UTC). */
export type OffsetOf = (local: number) => number;

/**
 * `UTC`, `+hh:mm` or an IANA name. Throws a RangeError for anything else.
 *
 * A local time that occurs twice is the earlier instant; one that does not occur is moved forward by the gap.
 */
export function offsetReader(zone: string): OffsetOf {
  const fixed = /^(?:UTC|Z|([+-])(\d\d):?(\d\d)?)$/.exec(zone);
  if (fixed !== null) {
    const minutes = Number(fixed[2] ?? 0) * 60 + Number(fixed[3] ?? 0);
    const offset = (fixed[1] === '-' ? -1 : 1) * minutes * 60_000;
    return () => offset;
  }
  const format = new Intl.DateTimeFormat('en-US-u-hc-h23', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const byQuarter = new Map<number, number>();
  return (local) => {
    // Offsets change at whole quarters of an hour at most.
    const quarter = Math.floor(local / 900_000);
    let offset = byQuarter.get(quarter);
    if (offset === undefined) {
      if (byQuarter.size > 10_000) byQuarter.clear();
      offset = offsetAtLocal(format, quarter * 900_000);
      byQuarter.set(quarter, offset);
    }
    return offset;
  };
}

function offsetAtLocal(format: Intl.DateTimeFormat, local: number): number {
  const before = offsetAt(format, local - 86_400_000);
  const after = offsetAt(format, local + 86_400_000);
  // Within a day there is at most one change: the local time is read with either offset, and must come out again.
  if (offsetAt(format, local - before) === before) return before;
  if (offsetAt(format, local - after) === after) return after;
  return before;
}

function offsetAt(format: Intl.DateTimeFormat, at: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const local =
    daysFromCivil(year, month, day) * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000;
  return local - Math.floor(at / 1000) * 1000;
}
