import { charge, grow, list, read, SHORT_TEXT, touch } from './budget.ts';
import { listText, number, plainText, same, whole } from './conversions.ts';
import { fail } from './rule-failure.ts';

type List = readonly unknown[];
type Callback = (value: unknown, index: number, list: List) => unknown;

const DEPTH_MAX = 64;
/** Of a list that grows element by element, with a number in each: what it is copied into when it is full counts too. */
export const ELEMENT_BYTES = 40;

function callback(value: unknown): Callback {
  if (typeof value !== 'function') throw new TypeError('a function is needed here');
  return value as Callback;
}

/** A list that may change. */
function own(of: unknown[]): unknown[] {
  if (Object.isFrozen(of)) return fail('this list is read-only');
  return of;
}

/** The first place of a value; -1: it has none. `isSame` says what is looked for. */
function placeOf(of: List, value: unknown, from: number): number {
  charge(1 + (of.length >> 4));
  if (typeof value !== 'string' || value.length <= SHORT_TEXT) return of.indexOf(value, from);
  // Each comparison with a long text may read all of it.
  for (let i = startOf(from, of.length); i < of.length; i++) if (same(of[i], value)) return i;
  return -1;
}

const startOf = (from: number, length: number): number =>
  from < 0 ? Math.max(0, length + Math.trunc(from)) : Math.trunc(from) || 0;

function lastPlaceOf(of: List, value: unknown, from: number): number {
  charge(1 + (of.length >> 4));
  if (typeof value !== 'string' || value.length <= SHORT_TEXT) return of.lastIndexOf(value, from);
  const start =
    from < 0 ? of.length + Math.trunc(from) : Math.min(of.length - 1, Math.trunc(from) || 0);
  for (let i = start; i >= 0; i--) if (same(of[i], value)) return i;
  return -1;
}

/** Puts the elements of lists in lists into one, `depth` levels of them. */
function flatten(of: List, depth: number, into: unknown[], level = 0): unknown[] {
  if (level > DEPTH_MAX) return fail(`a list is nested deeper than ${DEPTH_MAX}`);
  for (let i = 0; i < of.length; i++) {
    const element = of[i];
    charge(1);
    if (depth >= 1 && Array.isArray(element)) flatten(element, depth - 1, into, level + 1);
    else {
      grow(ELEMENT_BYTES + 32);
      into.push(element);
    }
  }
  return into;
}

/** In the order of their texts, or of what `compare` says. Sorting is stable and costs n log n comparisons. */
function sortedInto(into: unknown[], compare: unknown): unknown[] {
  const comparisons = into.length * Math.ceil(Math.log2(into.length + 1));
  charge(comparisons >> 2);
  grow(into.length * 8);
  if (compare !== undefined) {
    const ask = callback(compare) as unknown as (a: unknown, b: unknown) => unknown;
    return into.sort((a, b) => number(ask(a, b)));
  }
  let length = 0;
  for (const element of into) if (typeof element === 'string') length += touched(element);
  charge(Math.floor((length * Math.ceil(Math.log2(into.length + 1))) / 256));
  return into.sort((a, b) => {
    const left = plainText(a);
    const right = plainText(b);
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

function touched(text: string): number {
  touch(text.length);
  return text.length;
}

function copyOf(of: List): unknown[] {
  list(of.length);
  return of.slice();
}

function reversedInto(into: unknown[]): unknown[] {
  charge(into.length >> 4);
  return into.reverse();
}

/** Methods of lists by name, as functions of the list. Callbacks are functions of the rule: they charge for themselves. */
export const listMethods = Object.freeze({
  filter: (of: List, f: unknown) => {
    list(of.length);
    return of.filter(callback(f));
  },
  map: (of: List, f: unknown) => {
    list(of.length);
    return of.map(callback(f));
  },
  flatMap: (of: List, f: unknown) => {
    list(of.length);
    return flatten(of.map(callback(f)), 1, []);
  },
  some: (of: List, f: unknown) => of.some(callback(f)),
  every: (of: List, f: unknown) => of.every(callback(f)),
  find: (of: List, f: unknown) => of.find(callback(f)),
  findLast: (of: List, f: unknown) => of.findLast(callback(f)),
  findIndex: (of: List, f: unknown) => of.findIndex(callback(f)),
  findLastIndex: (of: List, f: unknown) => of.findLastIndex(callback(f)),
  forEach: (of: List, f: unknown) => of.forEach(callback(f)),
  reduce: (of: List, f: unknown, ...start: unknown[]) =>
    of.reduce(callback(f) as never, ...(start as [never])),
  includes: (of: List, value: unknown, from?: unknown) => {
    const start = whole(from) ?? 0;
    // Only `includes` finds NaN.
    return Number.isNaN(value) ? of.includes(value, start) : placeOf(of, value, start) >= 0;
  },
  indexOf: (of: List, value: unknown, from?: unknown) => placeOf(of, value, whole(from) ?? 0),
  lastIndexOf: (of: List, value: unknown, ...from: unknown[]) =>
    lastPlaceOf(of, value, from.length === 0 ? of.length - 1 : number(from[0])),
  slice: (of: List, from?: unknown, to?: unknown) => {
    list(of.length);
    return of.slice(whole(from), whole(to));
  },
  at: (of: List, at?: unknown) => of.at(whole(at) ?? 0),
  join: (of: List, by?: unknown) => listText(of, by === undefined ? ',' : plainText(by)),
  concat: (of: List, ...others: unknown[]) => {
    let length = of.length;
    for (const other of others) length += Array.isArray(other) ? other.length : 1;
    list(length);
    return of.concat(...(others as unknown[][]));
  },
  flat: (of: List, depth?: unknown) => flatten(of, whole(depth) ?? 1, []),
  sort: (of: unknown[], compare?: unknown) =>
    sortedInto(Object.isFrozen(of) ? copyOf(of) : of, compare),
  toSorted: (of: List, compare?: unknown) => sortedInto(copyOf(of), compare),
  reverse: (of: unknown[]) => reversedInto(Object.isFrozen(of) ? copyOf(of) : of),
  toReversed: (of: List) => reversedInto(copyOf(of)),
  push: (of: unknown[], ...values: unknown[]) => {
    grow(values.length * ELEMENT_BYTES);
    charge(1 + (values.length >> 4));
    return own(of).push(...values);
  },
  pop: (of: unknown[]) => own(of).pop(),
  shift: (of: unknown[]) => {
    charge(1 + (of.length >> 6));
    return own(of).shift();
  },
  unshift: (of: unknown[], ...values: unknown[]) => {
    charge(1 + ((of.length + values.length) >> 6));
    grow((of.length + values.length) * 8 + values.length * 24);
    return own(of).unshift(...values);
  },
});

/** The characters of a text or the elements of a list, for `for … of` and `...`. */
export function elementsOf(value: unknown): Iterable<unknown> | null {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string') return null;
  read(value.length);
  touch(value.length);
  return value;
}

/** A list of its own of what can be gone through. */
export function spread(value: Iterable<unknown>): unknown[] {
  list((value as string | List).length);
  if (Array.isArray(value)) return value.slice();
  grow((value as string).length * 24);
  return [...value];
}

/** Lists, one after the other. */
export function joinedLists(...parts: unknown[][]): unknown[] {
  let length = 0;
  for (const part of parts) length += part.length;
  list(length);
  return ([] as unknown[]).concat(...parts);
}
