import { defineFunction } from '../define-function.ts';
import { makeTimeReader } from '../../plan/parse-time.ts';

const read = makeTimeReader({ paths: [], format: null, zone: 'UTC' });

export const parseTime = defineFunction({
  name: 'parseTime',
  summary:
    'A time as milliseconds since 1970: numbers in s, ms, µs or ns told apart by size, text as ISO 8601.',
  takes: { time: 'text or number' },
  gives: 'number; undefined if it cannot be read as a time',
  examples: [
    { call: 'utils.parseTime("1970-01-01T00:00:01.5Z")', gives: 1500 },
    { call: 'utils.parseTime(1700000000)', gives: 1700000000000 },
    { call: 'utils.parseTime("soon")', gives: undefined },
  ],
  run: (time) => {
    const at = typeof time === 'string' || typeof time === 'number' ? read(time) : Number.NaN;
    return Number.isNaN(at) ? undefined : at;
  },
});
