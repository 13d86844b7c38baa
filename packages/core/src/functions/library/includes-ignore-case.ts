import { defineFunction, textOf } from '../define-function.ts';

export const includesIgnoreCase = defineFunction({
  name: 'includesIgnoreCase',
  summary: 'Does the text contain the part? Letter case does not matter.',
  takes: { text: 'text', part: 'text' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.includesIgnoreCase("Mimikatz.exe", "MIMI")', gives: true },
    { call: 'utils.includesIgnoreCase("abc", "x")', gives: false },
    { call: 'utils.includesIgnoreCase(undefined, "x")', gives: false },
  ],
  run: (text, part) => {
    const whole = textOf(text);
    const piece = textOf(part);
    return (
      whole !== undefined &&
      piece !== undefined &&
      whole.toLowerCase().includes(piece.toLowerCase())
    );
  },
});
