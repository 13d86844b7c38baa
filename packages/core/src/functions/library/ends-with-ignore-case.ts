import { defineFunction } from '../define-function.ts';
import { ignoringCase } from '../text-tests.ts';

export const endsWithIgnoreCase = defineFunction({
  name: 'endsWithIgnoreCase',
  summary: 'Does the text end with the part? Letter case does not matter.',
  takes: { text: 'text, or a list: one of its texts', part: 'text, or a list: one of them' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.endsWithIgnoreCase("C:\\\\A.EXE", "a.exe")', gives: true },
    { call: 'utils.endsWithIgnoreCase("abc", ["x", "BC"])', gives: true },
    { call: 'utils.endsWithIgnoreCase("abc", "x")', gives: false },
    { call: 'utils.endsWithIgnoreCase(undefined, "x")', gives: false },
  ],
  prepare: (part) => ignoringCase(part, (text, piece) => text.endsWith(piece)),
});
