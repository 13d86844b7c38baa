import { defineFunction } from '../define-function.ts';
import { makeTimeReader } from '../../plan/parse-time.ts';

const read = makeTimeReader({ paths: [], format: null, zone: 'UTC' });
const DAY_MS = 86_400_000;

const PARTS: Readonly<Record<string, (time: Date) => number>> = {
  minute: (time) => time.getUTCMinutes(),
  hour: (time) => time.getUTCHours(),
  day: (time) => time.getUTCDate(),
  week: isoWeek,
  month: (time) => time.getUTCMonth() + 1,
  year: (time) => time.getUTCFullYear(),
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
    const take = PARTS[String(part)];
    const one = (time: unknown): number | undefined => {
      const at = typeof time === 'string' || typeof time === 'number' ? read(time) : Number.NaN;
      return Number.isNaN(at) || take === undefined ? undefined : take(new Date(at));
    };
    return (time) => (Array.isArray(time) ? time.map(one) : one(time));
  },
});

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(time: Date): number {
  const day = Math.floor(time.getTime() / DAY_MS);
  // 1970-01-01 was a Thursday.
  const thursday = new Date((day - ((day + 3) % 7) + 3) * DAY_MS);
  return (
    Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / DAY_MS / 7) + 1
  );
}
