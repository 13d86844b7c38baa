import { defineFunction, textOf } from '../define-function.ts';

export const startsWithIgnoreCase = defineFunction({
  name: 'startsWithIgnoreCase',
  summary: 'Does the text begin with the part? Letter case does not matter.',
  takes: { text: 'text', part: 'text' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.startsWithIgnoreCase("PowerShell", "power")', gives: true },
    { call: 'utils.startsWithIgnoreCase("abc", "x")', gives: false },
    { call: 'utils.startsWithIgnoreCase(undefined, "x")', gives: false },
  ],
  run: (text, part) => {
    const whole = textOf(text);
    const piece = textOf(part);
    return (
      whole !== undefined &&
      piece !== undefined &&
      whole.toLowerCase().startsWith(piece.toLowerCase())
    );
  },
});
