import { defineFunction, textOf } from '../define-function.ts';

export const equalsIgnoreCase = defineFunction({
  name: 'equalsIgnoreCase',
  summary: 'Are both texts the same? Letter case does not matter.',
  takes: { text: 'text', other: 'text' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.equalsIgnoreCase("NT AUTHORITY", "nt authority")', gives: true },
    { call: 'utils.equalsIgnoreCase("a", "b")', gives: false },
    { call: 'utils.equalsIgnoreCase(undefined, undefined)', gives: false },
  ],
  run: (text, other) => {
    const left = textOf(text);
    return left !== undefined && left.toLowerCase() === textOf(other)?.toLowerCase();
  },
});
