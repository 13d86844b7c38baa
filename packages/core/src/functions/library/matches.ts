import { defineFunction, textOf } from '../define-function.ts';
import { patternOf } from '../patterns.ts';

export const matches = defineFunction({
  name: 'matches',
  summary: 'Does the regular expression match the whole text?',
  takes: { text: 'text', pattern: 'regular expression as text', flags: '"i" or nothing' },
  gives: 'boolean; false if the text is missing or the pattern is refused',
  examples: [
    { call: 'utils.matches("DemoV01", "([A-Za-z]+)V[0-9]*")', gives: true },
    { call: 'utils.matches("xDemo V01", "Demo.*")', gives: false },
    { call: 'utils.matches("ABC", "a.c", "i")', gives: true },
  ],
  run: (text, pattern, flags) => {
    const whole = textOf(text);
    if (whole === undefined || typeof pattern !== 'string') return false;
    return (
      patternOf(`^(?:${pattern})$`, typeof flags === 'string' ? flags : '')?.test(whole) ?? false
    );
  },
});
