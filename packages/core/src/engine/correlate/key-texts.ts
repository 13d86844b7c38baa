import { ByteReader } from '../../state/byte-reader.ts';
import { appended } from '../../state/few-by-id.ts';

const reader = new ByteReader();

/** The texts of a key, in the order of the rule's keys. */
export function keyTextsOf(bytes: Uint8Array, start: number, end: number): readonly string[] {
  reader.moveTo(bytes, start);
  let texts: readonly string[] = [];
  while (reader.at < end) texts = appended(texts, reader.text());
  return texts;
}

/** Whether `bytes[start, end)` are those of `other`. */
export function areEqualBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}
