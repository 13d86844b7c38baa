// SHA-256: FIPS 180-4.
import { utf8Of } from './utf8.ts';

const K = Int32Array.from(primes(64), (prime) => fractionBits(Math.cbrt(prime)));
const H0 = Int32Array.from(primes(8), (prime) => fractionBits(Math.sqrt(prime)));
const words = new Int32Array(16);

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++)
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

function fractionBits(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
}

/** The digest of bytes, 32 bytes. Costs about 5 ns a byte. */
export function sha256Bytes(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array((((message.length + 8) >> 6) << 6) + 64);
  padded.set(message);
  digest(padded, message.length);
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++) bytes[i] = state[i >> 2]! >>> (24 - 8 * (i & 3));
  return bytes;
}

/** Leaves the digest in `state`. `padded` holds the message, and room for the padding behind it. */
function digest(padded: Uint8Array, length: number): void {
  const blocks = ((length + 8) >> 6) + 1;
  padded.fill(0, length, blocks * 64);
  padded[length] = 0x80;
  const bits = blocks * 64 - 8;
  const high = Math.floor(length / 2 ** 29);
  const low = (length << 3) >>> 0;
  for (let i = 0; i < 4; i++) {
    padded[bits + i] = high >>> (24 - 8 * i);
    padded[bits + 4 + i] = low >>> (24 - 8 * i);
  }
  state.set(H0);
  for (let block = 0; block < blocks; block++) compress(padded, block * 64);
}

const state = new Int32Array(8);

function compress(bytes: Uint8Array, at: number): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0, from = at; i < 64; i++, from += 4) {
    // The schedule looks back 16 words, so these are all that is kept of it.
    const word = i < 16 ? wordAt(bytes, from) : scheduled(i);
    words[i & 15] = word;
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + K[i]! + word) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

function scheduled(i: number): number {
  const w15 = words[(i + 1) & 15]!;
  const w2 = words[(i + 14) & 15]!;
  const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3);
  const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10);
  return (words[i & 15]! + s0 + words[(i + 9) & 15]! + s1) | 0;
}

const short = new Uint8Array(1024);
const SHORT_MAX = 1000;

/** The digest of a text's UTF-8, as 64 hex digits. Short texts cost no memory but the digits. */
export function sha256Hex(text: string): string {
  hashText(text);
  let hex = '';
  for (let i = 0; i < 8; i++) hex += wordHex(state[i]!);
  return hex;
}

/** The first half of it: 32 hex digits. */
export function sha256Hex128(text: string): string {
  hashText(text);
  return firstHalf();
}

/** The same of `bytes[0, length)`; what is behind them is overwritten. `bytes` has room for 72 more. */
export function sha256Hex128Of(bytes: Uint8Array, length: number): string {
  digest(bytes, length);
  return firstHalf();
}

function firstHalf(): string {
  for (let i = 0; i < 16; i++) {
    const byte = (state[i >> 2]! >>> (24 - 8 * (i & 3))) & 255;
    hex128[2 * i] = HEX.charCodeAt(byte >> 4);
    hex128[2 * i + 1] = HEX.charCodeAt(byte & 15);
  }
  // One flat text: ids are kept by the million, and texts put together of pieces take ten times the memory.
  return String.fromCharCode.apply(null, hex128);
}

function hashText(text: string): void {
  const { length } = text;
  if (length <= SHORT_MAX) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      short[i] = code;
    }
    if (i === length) {
      digest(short, length);
      return;
    }
  }
  const message = utf8Of(text);
  const padded = new Uint8Array((((message.length + 8) >> 6) << 6) + 64);
  padded.set(message);
  digest(padded, message.length);
}

const HEX = '0123456789abcdef';
const hex128 = new Array<number>(32).fill(0);

const BYTE_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const wordHex = (word: number): string =>
  BYTE_HEX[word >>> 24]! +
  BYTE_HEX[(word >>> 16) & 255]! +
  BYTE_HEX[(word >>> 8) & 255]! +
  BYTE_HEX[word & 255]!;
