import type { Json } from '../plan/json.ts';
import { exactNumber } from '../functions/parse-json-text.ts';
import { textOfLatin1, textOfUtf8 } from '../functions/utf8.ts';

// Values of spans that a decoder has found to be valid JSON: nothing is checked again.

const QUOTE = 34;
const BACKSLASH = 92;

/** The value of the JSON text in `bytes[start, end)`, frozen. Numbers that a double cannot hold are their text. */
export function decodeValue(bytes: Uint8Array, start: number, end: number): Json {
  const first = bytes[start]!;
  if (first === QUOTE) return decodeString(bytes, start + 1, end - 1);
  if (first === 116) return true;
  if (first === 102) return false;
  if (first === 110) return null;
  if (first !== 123 && first !== 91) return decodeNumber(bytes, start, end);
  at = start;
  source = bytes;
  return frozenContainer();
}

let source: Uint8Array = new Uint8Array(0);
let at = 0;

function frozenContainer(): Json {
  return source[at] === 123 ? frozenObject() : frozenArray();
}

function skipBlank(): void {
  for (
    let code = source[at]!;
    code === 32 || code === 10 || code === 13 || code === 9;
    code = source[++at]!
  );
}

function nextValue(): Json {
  skipBlank();
  const code = source[at]!;
  if (code === 123 || code === 91) return frozenContainer();
  const start = at;
  if (code === QUOTE) {
    at = stringEnd(at + 1) + 1;
    return decodeString(source, start + 1, at - 1);
  }
  for (let next = code; next !== 44 && next !== 125 && next !== 93 && next > 32; next = source[at]!)
    at++;
  return decodeValue(source, start, at);
}

/** Index of the closing quote. */
function stringEnd(from: number): number {
  let i = from;
  for (let code = source[i]; code !== QUOTE; code = source[i]) i += code === BACKSLASH ? 2 : 1;
  return i;
}

function frozenObject(): Json {
  const fields: Record<string, Json> = {};
  at++;
  skipBlank();
  while (source[at] !== 125) {
    if (source[at] === 44) at++;
    skipBlank();
    const start = at + 1;
    at = stringEnd(start) + 1;
    const name = decodeString(source, start, at - 1);
    skipBlank();
    at++;
    const value = nextValue();
    // Plain assignment to __proto__ would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(fields, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else fields[name] = value;
    skipBlank();
  }
  at++;
  return Object.freeze(fields);
}

function frozenArray(): Json {
  const elements: Json[] = [];
  at++;
  skipBlank();
  while (source[at] !== 93) {
    if (source[at] === 44) at++;
    elements.push(nextValue());
    skipBlank();
  }
  at++;
  return Object.freeze(elements);
}

function decodeNumber(bytes: Uint8Array, start: number, end: number): Json {
  // Integers are most of the numbers in logs; of so many digits each is a double.
  if (end - start < 16) {
    let value = 0;
    let i = start;
    for (; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i === end) return value;
  }
  const text = textOfLatin1(bytes, start, end);
  return exactNumber(Number(text), text);
}

const SHORT = 40;
const CACHE_SIZE = 32_768;
const cachedText = new Array<string>(CACHE_SIZE).fill('');

/** Text of the inside of a JSON string. Short ASCII texts are kept and found again, since values repeat in logs. */
export function decodeString(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > SHORT) return decodeLong(bytes, start, end);
  let hash = length;
  for (let i = start; i < end; i++) {
    const code = bytes[i]!;
    if (code === BACKSLASH || code >= 0x80) return decodeLong(bytes, start, end);
    hash = (Math.imul(hash, 31) + code) | 0;
  }
  const slot = (hash ^ (hash >>> 13)) & (CACHE_SIZE - 1);
  const known = cachedText[slot]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
    if (i === length) return known;
  }
  const text = textOfLatin1(bytes, start, end);
  cachedText[slot] = text;
  return text;
}

function decodeLong(bytes: Uint8Array, start: number, end: number): string {
  let escape = start;
  while (escape < end && bytes[escape] !== BACKSLASH) escape++;
  if (escape === end) return textOfUtf8(bytes, start, end);
  const parts: string[] = [];
  let from = start;
  while (escape < end) {
    parts.push(textOfUtf8(bytes, from, escape));
    const code = bytes[escape + 1]!;
    if (code === 117) {
      parts.push(String.fromCharCode(hexAt(bytes, escape + 2)));
      from = escape + 6;
    } else {
      parts.push(ESCAPES.get(code)!);
      from = escape + 2;
    }
    escape = from;
    while (escape < end && bytes[escape] !== BACKSLASH) escape++;
  }
  parts.push(textOfUtf8(bytes, from, end));
  return parts.join('');
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [34, '"'],
  [92, '\\'],
  [47, '/'],
  [98, '\b'],
  [102, '\f'],
  [110, '\n'],
  [114, '\r'],
  [116, '\t'],
]);

function hexAt(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let i = from; i < from + 4; i++) {
    const code = bytes[i]!;
    value = value * 16 + (code <= 57 ? code - 48 : (code | 32) - 87);
  }
  return value;
}
