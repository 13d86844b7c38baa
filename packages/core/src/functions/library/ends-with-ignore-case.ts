import { defineFunction, textOf } from '../define-function.ts';

export const endsWithIgnoreCase = defineFunction({
  name: 'endsWithIgnoreCase',
  summary: 'Does the text end with the part? Letter case does not matter.',
  takes: { text: 'text', part: 'text' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.endsWithIgnoreCase("C:\\\\A.EXE", "a.exe")', gives: true },
    { call: 'utils.endsWithIgnoreCase("abc", "x")', gives: false },
    { call: 'utils.endsWithIgnoreCase(undefined, "x")', gives: false },
  ],
  run: (text, part) => {
    const whole = textOf(text);
    const piece = textOf(part);
    return (
      whole !== undefined &&
      piece !== undefined &&
      whole.toLowerCase().endsWith(piece.toLowerCase())
    );
  },
});
