import { defineFunction, textOf } from '../define-function.ts';
import { textOfUtf8 } from '../utf8.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export const base64Decode = defineFunction({
  name: 'base64Decode',
  summary:
    'The text that Base64 (RFC 4648, also the URL form) stands for, read as UTF-8, or as UTF-16 if every second byte is zero (PowerShell).',
  takes: { text: 'Base64' },
  gives: 'text; undefined if it is not Base64',
  examples: [
    { call: 'utils.base64Decode("aGVsbG8=")', gives: 'hello' },
    { call: 'utils.base64Decode("aABpAA==")', gives: 'hi' },
    { call: 'utils.base64Decode("***")', gives: undefined },
  ],
  run: (text) => {
    const bytes = bytesOf(textOf(text));
    if (bytes === undefined) return undefined;
    const isWide =
      bytes.length > 1 &&
      bytes.length % 2 === 0 &&
      bytes.every((byte, i) => (i % 2 === 1 ? byte === 0 : byte !== 0));
    return isWide
      ? textOfUtf8(
          bytes.filter((_, i) => i % 2 === 0),
          0,
          bytes.length / 2,
        )
      : textOfUtf8(bytes, 0, bytes.length);
  },
});

function bytesOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const digits = text
    .replace(/\s/g, '')
    .replace(/={0,2}$/, '')
    .replace(/-/g, '+')
    .replace(/_/g, '/');
  if (digits.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(digits)) return undefined;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (const digit of digits) {
    held = ((held << 6) | ALPHABET.indexOf(digit)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (held >> bits) & 0xff;
    }
  }
  return bytes;
}
