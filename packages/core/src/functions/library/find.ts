import { defineFunction, textOf } from '../define-function.ts';
import { patternOf } from '../patterns.ts';

export const find = defineFunction({
  name: 'find',
  summary: 'Does the regular expression match anywhere in the text?',
  takes: { text: 'text', pattern: 'regular expression as text', flags: '"i" or nothing' },
  gives: 'boolean; false if the text is missing or the pattern is refused',
  examples: [
    { call: 'utils.find("user=bob id=7", "id=[0-9]+")', gives: true },
    { call: 'utils.find("user=bob", "^bob")', gives: false },
  ],
  run: (text, pattern, flags) => {
    const whole = textOf(text);
    if (whole === undefined || typeof pattern !== 'string') return false;
    return patternOf(pattern, typeof flags === 'string' ? flags : '')?.test(whole) ?? false;
  },
});
