import { defineFunction } from '../define-function.ts';
import { patternsTest } from '../patterns.ts';

export const find = defineFunction({
  name: 'find',
  summary: 'Does the regular expression match anywhere in the text?',
  takes: {
    text: 'text, or a list: one of its texts',
    pattern: 'regular expression as text, or a list: one of them',
    flags: 'of "ims", or nothing',
  },
  gives: 'boolean; false if the text is missing or the pattern is refused',
  examples: [
    { call: 'utils.find("user=bob id=7", "id=[0-9]+")', gives: true },
    { call: 'utils.find("user=bob", "^bob")', gives: false },
    { call: 'utils.find("ABC", ["x", "b"], "i")', gives: true },
  ],
  prepare: (pattern, flags, mode) => patternsTest(pattern, flags, 'anywhere', mode),
});
