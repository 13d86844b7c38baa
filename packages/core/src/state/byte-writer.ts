import type { Json } from '../plan/json.ts';

/**
 * Writes plain values as compact bytes. `ByteReader` reads them back.
 *
 * A value is a tag and its content: text takes one byte a character while all of them are below U+0100, else two;
 * small integers take a varint. Equal values give equal bytes (keys of objects in their own order).
 */
export const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  double: 4,
  integer: 5,
  latin1: 6,
  utf16: 7,
  array: 8,
  object: 9,
} as const;

const BACKSLASH = 92;

export class ByteWriter {
  bytes = new Uint8Array(1024);
  length = 0;
  readonly #double = new DataView(new ArrayBuffer(8));

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^32 - 1, in 4 bytes, little-endian. */
  u32(value: number): void {
    this.reserve(4);
    this.length += 4;
    this.setU32(this.length - 4, value);
  }

  /** Puts one in the place of what was written there. */
  setU32(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = value >>> (8 * i);
  }

  /** A whole number from 0 to 2^53 - 1, in 1 to 8 bytes. */
  varint(value: number): void {
    this.reserve(8);
    while (value >= 0x80) {
      this.bytes[this.length++] = (value % 0x80) + 0x80;
      value = Math.floor(value / 0x80);
    }
    this.bytes[this.length++] = value;
  }

  double(value: number): void {
    this.reserve(8);
    this.#double.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.bytes[this.length++] = this.#double.getUint8(i);
  }

  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const size = end - start;
    this.reserve(size);
    if (size < 32) for (let i = start; i < end; i++) this.bytes[this.length++] = bytes[i]!;
    else {
      this.bytes.set(bytes.subarray(start, end), this.length);
      this.length += size;
    }
  }

  /** Length and bytes. */
  block(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    const length = text.length;
    this.reserve(length * 2 + 10);
    const tagAt = this.length++;
    this.varint(length);
    const contentAt = this.length;
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) {
        bytes[tagAt] = TAG.utf16;
        this.length = contentAt;
        for (let j = 0; j < length; j++) {
          const wide = text.charCodeAt(j);
          bytes[this.length++] = wide & 0xff;
          bytes[this.length++] = wide >>> 8;
        }
        return;
      }
      bytes[this.length++] = unit;
    }
    bytes[tagAt] = TAG.latin1;
  }

  /** As `text`, of ASCII that is no part of an escape. false: it is none, and nothing was written. */
  ascii(from: Uint8Array, start: number, end: number): boolean {
    const begin = this.length;
    this.reserve(end - start + 10);
    const { bytes } = this;
    bytes[this.length++] = TAG.latin1;
    this.varint(end - start);
    let at = this.length;
    for (let i = start; i < end; i++) {
      const unit = from[i]!;
      if (unit >= 0x80 || unit === BACKSLASH) {
        this.length = begin;
        return false;
      }
      bytes[at++] = unit;
    }
    this.length = at;
    return true;
  }

  value(value: Json | undefined): void {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.byte(value ? TAG.true : TAG.false);
      case 'undefined':
        return this.byte(TAG.undefined);
      default:
        return this.#compound(value);
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) {
      this.byte(TAG.integer);
      this.varint(value);
    } else {
      this.byte(TAG.double);
      this.double(value);
    }
  }

  #compound(value: null | readonly Json[] | { readonly [name: string]: Json }): void {
    if (value === null) return this.byte(TAG.null);
    if (Array.isArray(value)) {
      this.byte(TAG.array);
      this.varint(value.length);
      for (const item of value as readonly Json[]) this.value(item);
      return;
    }
    const entries = Object.entries(value);
    this.byte(TAG.object);
    this.varint(entries.length);
    for (const [name, item] of entries) {
      this.text(name);
      this.value(item);
    }
  }
}
