import { defineFunction } from '../define-function.ts';
import { patternsTest } from '../patterns.ts';

export const matches = defineFunction({
  name: 'matches',
  summary: 'Does the regular expression match the whole text?',
  takes: {
    text: 'text, or a list: one of its texts',
    pattern: 'regular expression as text, or a list: one of them',
    flags: 'of "ims", or nothing',
  },
  gives: 'boolean; false if the text is missing or the pattern is refused',
  examples: [
    { call: 'utils.matches("DemoV01", "([A-Za-z]+)V[0-9]*")', gives: true },
    { call: 'utils.matches("xDemo V01", "Demo.*")', gives: false },
    { call: 'utils.matches("ABC", "a.c", "i")', gives: true },
  ],
  prepare: (pattern, flags, mode) => patternsTest(pattern, flags, 'whole', mode),
});
