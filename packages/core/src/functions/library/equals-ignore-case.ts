import { defineFunction } from '../define-function.ts';
import { anyText, lowerCase, textsOf } from '../text-tests.ts';

export const equalsIgnoreCase = defineFunction({
  name: 'equalsIgnoreCase',
  summary: 'Are both texts the same? Letter case does not matter.',
  takes: { text: 'text, or a list: one of its texts', other: 'text, or a list: one of them' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.equalsIgnoreCase("NT AUTHORITY", "nt authority")', gives: true },
    { call: 'utils.equalsIgnoreCase("b", ["A", "B"])', gives: true },
    { call: 'utils.equalsIgnoreCase("a", "b")', gives: false },
    { call: 'utils.equalsIgnoreCase(undefined, undefined)', gives: false },
  ],
  prepare: (other) => {
    const wanted = new Set(textsOf(other).map((text) => text.toLowerCase()));
    return anyText((text) => wanted.has(lowerCase(text)));
  },
});
