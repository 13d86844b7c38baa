import { defineFunction, textOf } from '../define-function.ts';
import { sha256Hex } from '../sha256.ts';

export const sha256 = defineFunction({
  name: 'sha256',
  summary: "SHA-256 (FIPS 180-4) of the text's UTF-8, as hex digits.",
  takes: { text: 'text' },
  gives: 'text of 64 hex digits; undefined if missing',
  examples: [
    {
      call: 'utils.sha256("abc")',
      gives: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    },
    { call: 'utils.sha256(undefined)', gives: undefined },
  ],
  run: (text) => {
    const whole = textOf(text);
    return whole === undefined ? undefined : sha256Hex(whole);
  },
});
