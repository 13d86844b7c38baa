import { defineFunction, textOf } from '../define-function.ts';
import { parseJsonText } from '../parse-json-text.ts';

export const parseJson = defineFunction({
  name: 'parseJson',
  summary: 'The value that a JSON text stands for.',
  takes: { text: 'JSON' },
  gives: 'any value; undefined if it is not JSON',
  examples: [
    { call: 'utils.parseJson("{\\"a\\":[1]}")', gives: { a: [1] } },
    { call: 'utils.parseJson("{")', gives: undefined },
  ],
  run: (text) => {
    const whole = textOf(text);
    return whole === undefined ? undefined : parseJsonText(whole);
  },
});
