import { defineFunction, textOf } from '../define-function.ts';
import { textOfUtf8 } from '../utf8.ts';

export const hexDecode = defineFunction({
  name: 'hexDecode',
  summary: 'The text whose UTF-8 bytes these hex digits are.',
  takes: { text: 'hex digits, with or without 0x, blanks and colons' },
  gives: 'text; undefined if it is not hex',
  examples: [
    { call: 'utils.hexDecode("68656c6c6f")', gives: 'hello' },
    { call: 'utils.hexDecode("0x68:69")', gives: 'hi' },
    { call: 'utils.hexDecode("xyz")', gives: undefined },
  ],
  run: (text) => {
    const digits = textOf(text)?.replace(/^0x/i, '').replace(/[\s:]/g, '');
    if (digits === undefined || digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits))
      return undefined;
    const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
      Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16),
    );
    return textOfUtf8(bytes, 0, bytes.length);
  },
});
