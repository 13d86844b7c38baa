import { defineFunction, textOf } from '../define-function.ts';
import { textOfUtf8, utf8Of } from '../utf8.ts';

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
      .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => (isUtf8(run) ? decodeURIComponent(run) : run)),
});

/** Asked before, since V8 takes several µs to throw. */
function isUtf8(run: string): boolean {
  if (!/%[89a-fA-F]/.test(run)) return true;
  const bytes = Uint8Array.from({ length: run.length / 3 }, (_, i) =>
    Number.parseInt(run.slice(i * 3 + 1, i * 3 + 3), 16),
  );
  const again = utf8Of(textOfUtf8(bytes, 0, bytes.length));
  return again.length === bytes.length && bytes.every((byte, i) => byte === again[i]);
}
