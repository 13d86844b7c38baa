import { defineFunction } from '../define-function.ts';

export const length = defineFunction({
  name: 'length',
  summary: 'How many characters a text, or elements a list, or fields an object has.',
  takes: { value: 'text, list or object' },
  gives: 'number; undefined if missing or a number',
  examples: [
    { call: 'utils.length("abc")', gives: 3 },
    { call: 'utils.length([1, 2])', gives: 2 },
    { call: 'utils.length(undefined)', gives: undefined },
  ],
  run: (value) => {
    if (typeof value === 'string' || Array.isArray(value)) return value.length;
    return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
  },
});
