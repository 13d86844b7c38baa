/** The UTF-8 of a text; a lone surrogate becomes U+FFFD, as in the WHATWG encoding standard. */
export function utf8Of(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = text.charCodeAt(i + 1);
      if (code < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        i++;
      } else code = 0xfffd;
    }
    if (code < 0x80) bytes[length++] = code;
    else if (code < 0x800) {
      bytes[length++] = 0xc0 | (code >> 6);
      bytes[length++] = 0x80 | (code & 63);
    } else if (code < 0x10000) {
      bytes[length++] = 0xe0 | (code >> 12);
      bytes[length++] = 0x80 | ((code >> 6) & 63);
      bytes[length++] = 0x80 | (code & 63);
    } else {
      bytes[length++] = 0xf0 | (code >> 18);
      bytes[length++] = 0x80 | ((code >> 12) & 63);
      bytes[length++] = 0x80 | ((code >> 6) & 63);
      bytes[length++] = 0x80 | (code & 63);
    }
  }
  return bytes.subarray(0, length);
}

/** Texts of so many units are made from a list of their units; a view of the bytes costs more than these. */
const FEW = 128;
const units = Array.from({ length: FEW + 1 }, (_, length) => new Array<number>(length).fill(0));
/** As many values as a call surely takes. */
const PIECE = 4096;

/**
 * Text whose UTF-16 units are bytes: ASCII, or ISO 8859-1. It is in one piece, which texts put together of characters are not:
 * these take several times the memory, and are copied when they are first read. Costs some 3 ns a character.
 */
export function textOfLatin1(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length <= FEW) {
    const few = units[length]!;
    for (let i = 0; i < length; i++) few[i] = bytes[start + i]!;
    return String.fromCharCode.apply(null, few);
  }
  let text = '';
  for (let i = start; i < end; i += PIECE) {
    const piece = bytes.subarray(i, Math.min(end, i + PIECE));
    text += String.fromCharCode.apply(null, piece as unknown as number[]);
  }
  return text;
}

/** Text of UTF-8 bytes; what is not valid becomes U+FFFD, one for each maximal wrong part (WHATWG). */
export function textOfUtf8(bytes: Uint8Array, start: number, end: number): string {
  let run = start;
  while (run < end && bytes[run]! < 0x80) run++;
  if (run === end) return textOfLatin1(bytes, start, end);
  if (run - start < FEW) return textOfMixed(bytes, start, end);
  return textOfLatin1(bytes, start, run) + textOfMixed(bytes, run, end);
}

function textOfMixed(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let codes: number[] = [];
  for (let i = start; i < end;) {
    const first = bytes[i]!;
    if (first < 0x80) {
      codes.push(first);
      i++;
    } else {
      const needed =
        first >= 0xc2 && first <= 0xdf
          ? 1
          : first >= 0xe0 && first <= 0xef
            ? 2
            : first >= 0xf0 && first <= 0xf4
              ? 3
              : 0;
      let code = needed === 1 ? first & 31 : needed === 2 ? first & 15 : first & 7;
      let taken = 0;
      // The second byte's range rules out overlong forms, surrogates and what lies beyond U+10FFFF.
      let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
      let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      while (taken < needed && i + 1 + taken < end) {
        const next = bytes[i + 1 + taken]!;
        if (next < low || next > high) break;
        code = (code << 6) | (next & 63);
        low = 0x80;
        high = 0xbf;
        taken++;
      }
      i += 1 + taken;
      if (needed === 0 || taken < needed) codes.push(0xfffd);
      else if (code < 0x10000) codes.push(code);
      else codes.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    }
    if (codes.length > 4000) {
      text += String.fromCharCode(...codes);
      codes = [];
    }
  }
  return text + String.fromCharCode(...codes);
}
