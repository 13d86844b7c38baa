import { defineFunction, textOf } from '../define-function.ts';

export const urlDecode = defineFunction({
  name: 'urlDecode',
  summary: 'The text with its percent-encoding (RFC 3986) undone, and + read as a blank.',
  takes: { text: 'text' },
  gives: 'text; what cannot be decoded stays as it is; undefined if missing',
  examples: [
    { call: 'utils.urlDecode("a%20b%2Fc+d")', gives: 'a b/c d' },
    { call: 'utils.urlDecode("100%")', gives: '100%' },
  ],
  run: (text) =>
    textOf(text)
      ?.replace(/\+/g, ' ')
      .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
        try {
          return decodeURIComponent(run);
        } catch {
          return run;
        }
      }),
});
