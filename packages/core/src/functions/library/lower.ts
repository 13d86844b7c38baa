import { defineFunction, textOf } from '../define-function.ts';

export const lower = defineFunction({
  name: 'lower',
  summary: 'The text in small letters.',
  takes: { text: 'text' },
  gives: 'text; undefined if missing',
  examples: [
    { call: 'utils.lower("AbC")', gives: 'abc' },
    { call: 'utils.lower(undefined)', gives: undefined },
  ],
  run: (text) => textOf(text)?.toLowerCase(),
});
