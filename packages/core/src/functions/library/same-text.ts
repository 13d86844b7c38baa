import { defineFunction, textOf } from '../define-function.ts';
import { anyText, textsOf } from '../text-tests.ts';

export const sameText = defineFunction({
  name: 'sameText',
  summary: 'Does the text hold the other one, with its letter case?',
  takes: {
    text: 'text, or a list: one of its texts',
    other: 'text, or a list: one of them',
    how: '"equals" (or nothing), "contains", "startswith" or "endswith"',
  },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.sameText("abc", "bc", "endswith")', gives: true },
    { call: 'utils.sameText("abc", "ABC")', gives: false },
  ],
  run: (text, other, how) => {
    const others = textsOf(other);
    const way = textOf(how) ?? 'equals';
    return anyText((whole) =>
      others.some((piece) => {
        if (way === 'contains') return whole.includes(piece);
        if (way === 'startswith') return whole.startsWith(piece);
        return way === 'endswith' ? whole.endsWith(piece) : whole === piece;
      }),
    )(text);
  },
});
