import { defineFunction } from '../define-function.ts';
import { ignoringCase } from '../text-tests.ts';

export const startsWithIgnoreCase = defineFunction({
  name: 'startsWithIgnoreCase',
  summary: 'Does the text start with the part? Letter case does not matter.',
  takes: { text: 'text, or a list: one of its texts', part: 'text, or a list: one of them' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.startsWithIgnoreCase("C:\\\\A.EXE", "c:")', gives: true },
    { call: 'utils.startsWithIgnoreCase(["x", "Abc"], "aB")', gives: true },
    { call: 'utils.startsWithIgnoreCase("abc", "x")', gives: false },
    { call: 'utils.startsWithIgnoreCase(undefined, "x")', gives: false },
  ],
  prepare: (part) => ignoringCase(part, (text, piece) => text.startsWith(piece)),
});
