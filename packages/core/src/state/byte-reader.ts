import type { Json } from '../plan/json.ts';
import { textOfLatin1 } from '../functions/utf8.ts';
import { TAG } from './byte-writer.ts';

const double = new DataView(new ArrayBuffer(8));

/** Reads what `ByteWriter` wrote, from `at` on. Bytes that no writer made throw a RangeError. */
export class ByteReader {
  bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array = new Uint8Array(0), at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  moveTo(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined)
      throw new RangeError(`state ends at byte ${this.at - 1}, in the middle of a value`);
    return value;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    for (let i = 0; i < 8; i++) double.setUint8(i, this.byte());
    return double.getFloat64(0, true);
  }

  /** What `block` wrote; a view, not a copy. */
  block(): Uint8Array {
    const length = this.varint();
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError('state ends in the middle of a block');
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    const value = this.value();
    if (typeof value !== 'string')
      throw new RangeError('state holds something else where a text was expected');
    return value;
  }

  value(): Json | undefined {
    const tag = this.byte();
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.false:
        return false;
      case TAG.true:
        return true;
      case TAG.double:
        return this.double();
      case TAG.integer:
        return this.varint();
      case TAG.latin1:
        return this.#characters(1);
      case TAG.utf16:
        return this.#characters(2);
      case TAG.array:
        return this.#array();
      case TAG.object:
        return this.#object();
      default:
        throw new RangeError(`state holds the unknown tag ${tag}`);
    }
  }

  #characters(width: 1 | 2): string {
    const length = this.varint();
    const { bytes, at } = this;
    if (at + length * width > bytes.length)
      throw new RangeError('state ends in the middle of a text');
    this.at = at + length * width;
    if (width === 1) return textOfLatin1(bytes, at, at + length);
    let text = '';
    for (let i = 0; i < length; i++)
      text += String.fromCharCode(bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8));
    return text;
  }

  #array(): readonly Json[] {
    const items: Json[] = [];
    for (let length = this.varint(); length > 0; length--) items.push(this.value() ?? null);
    return Object.freeze(items);
  }

  #object(): Json {
    const fields: Record<string, Json> = {};
    for (let length = this.varint(); length > 0; length--) {
      const name = this.text();
      // Not an assignment: `__proto__` is an ordinary name in data.
      Object.defineProperty(fields, name, {
        value: this.value() ?? null,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return Object.freeze(fields);
  }
}
