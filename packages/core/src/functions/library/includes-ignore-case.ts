import { defineFunction } from '../define-function.ts';
import { ignoringCase } from '../text-tests.ts';

export const includesIgnoreCase = defineFunction({
  name: 'includesIgnoreCase',
  summary: 'Does the text contain the part? Letter case does not matter.',
  takes: { text: 'text, or a list: one of its texts', part: 'text, or a list: one of them' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.includesIgnoreCase("Mimikatz.exe", "MIMI")', gives: true },
    { call: 'utils.includesIgnoreCase("abc", ["x", "C"])', gives: true },
    { call: 'utils.includesIgnoreCase("abc", "x")', gives: false },
    { call: 'utils.includesIgnoreCase(undefined, "x")', gives: false },
  ],
  prepare: (part) => ignoringCase(part, (text, piece) => text.includes(piece)),
});
