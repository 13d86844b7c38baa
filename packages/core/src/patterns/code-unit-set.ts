/** Code units of UTF-16 as ranges: from, to, from, to, …; ascending, and no range touches the next. */
export type CodeUnitSet = readonly number[];

const LAST = 0xffff;

/** The units of a text, one by one. */
export const unitsOf = (text: string): CodeUnitSet =>
  united(Array.from({ length: text.length * 2 }, (_, i) => text.charCodeAt(i >> 1)));

/** Ranges in any order as a set. */
export function united(ranges: readonly number[]): CodeUnitSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort(([a], [b]) => a - b);
  const set: number[] = [];
  for (const [from, to] of pairs) {
    const end = set.at(-1);
    if (end !== undefined && from <= end + 1) set[set.length - 1] = Math.max(end, to);
    else set.push(from, to);
  }
  return set;
}

export function inverted(set: CodeUnitSet): CodeUnitSet {
  const rest: number[] = [];
  let from = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > from) rest.push(from, set[i]! - 1);
    from = set[i + 1]! + 1;
  }
  if (from <= LAST) rest.push(from, LAST);
  return rest;
}

export function contains(set: CodeUnitSet, unit: number): boolean {
  let low = 0;
  let high = set.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[middle * 2 + 1]! < unit) low = middle + 1;
    else high = middle;
  }
  return low * 2 < set.length && set[low * 2]! <= unit;
}

/** Is there a unit in both? */
export function overlap(a: CodeUnitSet, b: CodeUnitSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i + 1]! < b[j]!) i += 2;
    else if (b[j + 1]! < a[i]!) j += 2;
    else return true;
  }
  return false;
}

// ECMA-262, 22.2.2.9 CharacterClassEscape, 12.2 White Space and 12.3 Line Terminators.
export const DIGITS = united([0x30, 0x39]);
export const WORD_UNITS = united([0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]);
export const LINE_ENDS = unitsOf('\n\r\u2028\u2029');
export const SPACES = united([
  ...unitsOf('\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff'),
  0x2000,
  0x200a,
]);
export const ALL_UNITS: CodeUnitSet = [0, LAST];
export const NOT_LINE_ENDS = inverted(LINE_ENDS);
