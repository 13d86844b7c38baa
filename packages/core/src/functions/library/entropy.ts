import { defineFunction, textOf } from '../define-function.ts';

export const entropy = defineFunction({
  name: 'entropy',
  summary:
    "Shannon's entropy of the text's characters, in bits a character: high for random names.",
  takes: { text: 'text' },
  gives: 'number; undefined if missing',
  examples: [
    { call: 'utils.entropy("aaaa")', gives: 0 },
    { call: 'utils.entropy("abcd")', gives: 2 },
    { call: 'utils.entropy(undefined)', gives: undefined },
  ],
  run: (text) => {
    const whole = textOf(text);
    if (whole === undefined) return undefined;
    const counts = new Map<string, number>();
    let total = 0;
    for (const char of whole) {
      counts.set(char, (counts.get(char) ?? 0) + 1);
      total++;
    }
    let bits = 0;
    for (const count of counts.values()) bits += (count / total) * Math.log2(total / count);
    return bits;
  },
});
