import { defineFunction, textOf } from '../define-function.ts';

const LENGTH_MAX = 1000;

export const editDistance = defineFunction({
  name: 'editDistance',
  summary:
    'How many characters must be inserted, deleted or replaced to make one text of the other (Levenshtein).',
  takes: { text: 'text', other: 'text' },
  gives: 'number; undefined if either is missing or longer than 1000 characters',
  examples: [
    { call: 'utils.editDistance("svchost.exe", "scvhost.exe")', gives: 2 },
    { call: 'utils.editDistance("abc", "abc")', gives: 0 },
  ],
  run: (text, other) => {
    const a = textOf(text);
    const b = textOf(other);
    if (a === undefined || b === undefined || a.length > LENGTH_MAX || b.length > LENGTH_MAX)
      return undefined;
    const row = Uint16Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      let diagonal = row[0]!;
      row[0] = i;
      for (let j = 1; j <= b.length; j++) {
        const replaced = diagonal + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
        diagonal = row[j]!;
        row[j] = Math.min(diagonal + 1, row[j - 1]! + 1, replaced);
      }
    }
    return row[b.length];
  },
});
