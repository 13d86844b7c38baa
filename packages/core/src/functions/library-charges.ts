// What functions of `utils` cost a rule: taken before they work, in proportion to what they are given.
import { charge, grow, read, write } from './budget.ts';
import { isReader } from './conversions.ts';

const DEPTH_MAX = 64;

/** Characters and values that a value holds, as functions of `utils` go through it; each is charged once. */
export function chargeValue(value: unknown, depth = 0): number {
  if (typeof value === 'string') {
    read(value.length);
    return value.length;
  }
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return 1;
  const parts: readonly unknown[] = Array.isArray(value)
    ? (value as unknown[])
    : Object.values(isReader(value) ? (value.whole() as object) : value);
  charge(1 + (parts.length >> 2));
  let size = parts.length;
  for (const part of parts) size += chargeValue(part, depth + 1);
  return size;
}

/** How many texts or numbers a constant of a call is: each may be looked for in each text. */
const countOf = (value: unknown): number => (Array.isArray(value) ? Math.max(1, value.length) : 1);

/** Besides reading what they are given, in steps and bytes; `size` is that of the first value. */
const EXTRA: Readonly<Record<string, (size: number, values: readonly unknown[]) => void>> = {
  editDistance: (size, [, other]) => {
    const width = Math.min(1000, typeof other === 'string' ? other.length : 20);
    const cells = Math.min(1000, size) * (width + 1);
    charge(cells >> 5);
    grow(cells * 8);
  },
  base64Decode: (size) => written(size, 3),
  hexDecode: (size) => written(size, 3),
  urlDecode: (size) => written(size, 4),
  lower: (size) => write(Math.min(size, 1_000_000)),
  accountName: (size) => write(Math.min(size, 1_000_000)),
  sha256: (size) => written(size, 5),
  entropy: (size) => written(size, 4),
  // The densest JSON, `[{},{},…]`, makes some twenty bytes of a character.
  parseJson: (size) => {
    charge(size >> 4);
    grow(size * 24);
  },
  parseTime: (size) => charge(size >> 5),
  glob: wildcards,
  like: wildcards,
  anywhere: wildcards,
};

/** `slow`: the work for 256 characters is 2 to the power of so many steps. */
function written(size: number, slow: number): void {
  charge(1 + ((size << slow) >> 8));
  grow(64 + size * 4);
}

/** A pattern with `*` may be tried at every place of the text. */
function wildcards(size: number, values: readonly unknown[]): void {
  const [, pattern] = values;
  if (typeof pattern === 'string' && size > 256)
    charge((size * Math.min(pattern.length, size)) >> 14);
}

/** Charges a call of a function of `utils` that may be in a loop. */
export function chargeCall(name: string, values: readonly unknown[]): void {
  const size = chargeValue(values[0]);
  let others = 1;
  for (let i = 1; i < values.length; i++) {
    chargeValue(values[i]);
    others *= countOf(values[i]);
  }
  charge(1 + (((size >> 4) * Math.min(others, 1 << 20)) >> 4));
  EXTRA[name]?.(size, values);
}
