import { defineFunction, textOf } from '../define-function.ts';
import { civilFromDays, daysFromCivil } from '../../plan/civil.ts';
import { makeTimeReader } from '../../plan/parse-time.ts';

const read = makeTimeReader({ paths: [], format: null, zone: 'UTC' });
const DAY_MS = 86_400_000;

const dayOf = (at: number): number => Math.floor(at / DAY_MS);

const PARTS: Readonly<Record<string, (at: number) => number>> = {
  minute: (at) => Math.floor((at - dayOf(at) * DAY_MS) / 60_000) % 60,
  hour: (at) => Math.floor((at - dayOf(at) * DAY_MS) / 3_600_000),
  day: (at) => civilFromDays(dayOf(at)).day,
  week: isoWeek,
  month: (at) => civilFromDays(dayOf(at)).month,
  year: (at) => civilFromDays(dayOf(at)).year,
};

export const timePart = defineFunction({
  name: 'timePart',
  summary: 'A part of a time, in UTC. Weeks are those of ISO 8601.',
  takes: {
    time: 'text or number as utils.parseTime reads it, or a list of them',
    part: '"minute", "hour", "day", "week", "month" or "year"',
  },
  gives: 'number (of a list: a list); undefined if it cannot be read as a time',
  examples: [
    { call: 'utils.timePart("2021-01-03T23:59:00Z", "hour")', gives: 23 },
    { call: 'utils.timePart("2021-01-03T23:59:00Z", "week")', gives: 53 },
    { call: 'utils.timePart("2021-01-04T00:00:00Z", "week")', gives: 1 },
    { call: 'utils.timePart("soon", "hour")', gives: undefined },
  ],
  prepare: (part) => {
    const name = textOf(part) ?? '';
    const take = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    const one = (time: unknown): number | undefined => {
      const at = typeof time === 'string' || typeof time === 'number' ? read(time) : Number.NaN;
      return Number.isNaN(at) || take === undefined ? undefined : take(at);
    };
    return (time) => (Array.isArray(time) ? time.map(one) : one(time));
  },
});

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(at: number): number {
  const day = dayOf(at);
  // 1970-01-01 was a Thursday: the remainder is 0 on Mondays, also before 1970.
  const thursday = day - ((((day + 3) % 7) + 7) % 7) + 3;
  const firstOfYear = daysFromCivil(civilFromDays(thursday).year, 1, 1);
  return Math.floor((thursday - firstOfYear) / 7) + 1;
}
