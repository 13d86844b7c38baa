/** A method as a function of its receiver. Only what is listed here can be called on text, lists and numbers. */
export type Method = (receiver: never, ...values: never[]) => unknown;

const LENGTH_MAX = 1_000_000;

const bounded = (length: number): void => {
  if (!(length <= LENGTH_MAX))
    throw new RangeError(`a text or list may not grow beyond ${LENGTH_MAX}`);
};

type Callback = (value: unknown, index: number, list: readonly unknown[]) => unknown;

/** Text and numbers only: anything else would be asked for its text. */
const plain = (value: unknown): string => {
  if (value !== null && (typeof value === 'object' || typeof value === 'function'))
    throw new TypeError('a text is needed here');
  return String(value);
};

export const stringMethods: ReadonlyMap<string, Method> = new Map<string, Method>(
  Object.entries({
    toLowerCase: (text: string) => text.toLowerCase(),
    toUpperCase: (text: string) => text.toUpperCase(),
    trim: (text: string) => text.trim(),
    trimStart: (text: string) => text.trimStart(),
    trimEnd: (text: string) => text.trimEnd(),
    includes: (text: string, part: unknown, from?: number) => text.includes(plain(part), from),
    startsWith: (text: string, part: unknown, from?: number) => text.startsWith(plain(part), from),
    endsWith: (text: string, part: unknown, to?: number) => text.endsWith(plain(part), to),
    indexOf: (text: string, part: unknown, from?: number) => text.indexOf(plain(part), from),
    lastIndexOf: (text: string, part: unknown) => text.lastIndexOf(plain(part)),
    slice: (text: string, from?: number, to?: number) => text.slice(from, to),
    substring: (text: string, from: number, to?: number) => text.substring(from, to),
    charAt: (text: string, at: number) => text.charAt(at),
    charCodeAt: (text: string, at: number) => text.charCodeAt(at),
    at: (text: string, at: number) => text.at(at),
    split: (text: string, by: unknown, limit?: number) =>
      by === undefined ? [text] : text.split(plain(by), limit),
    replace: (text: string, part: unknown, by: unknown) =>
      text.replace(plain(part), () => plain(by)),
    replaceAll: (text: string, part: unknown, by: unknown) => {
      const [from, to] = [plain(part), plain(by)];
      bounded(
        text.length + (from === '' ? text.length + 1 : text.length / from.length) * to.length,
      );
      return text.replaceAll(from, () => to);
    },
    concat: (text: string, ...parts: unknown[]) => {
      const joined = text + parts.map(plain).join('');
      bounded(joined.length);
      return joined;
    },
    repeat: (text: string, count: number) => {
      bounded(text.length * count);
      return text.repeat(count);
    },
    padStart: (text: string, length: number, by?: unknown) => {
      bounded(length);
      return text.padStart(length, by === undefined ? undefined : plain(by));
    },
    padEnd: (text: string, length: number, by?: unknown) => {
      bounded(length);
      return text.padEnd(length, by === undefined ? undefined : plain(by));
    },
    localeCompare: (text: string, other: unknown) =>
      text < plain(other) ? -1 : text > plain(other) ? 1 : 0,
    toString: (text: string) => text,
  }),
);

const callback = (value: unknown): Callback => {
  if (typeof value !== 'function') throw new TypeError('a function is needed here');
  return value as Callback;
};

const compareOrText = (compare: unknown): ((a: unknown, b: unknown) => number) => {
  if (compare !== undefined)
    return callback(compare) as unknown as (a: unknown, b: unknown) => number;
  return (a, b) => {
    const [left, right] = [plain(a), plain(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
};

const grown = (list: unknown[]): unknown[] => {
  bounded(list.length);
  return list;
};

const sorted = (list: readonly unknown[], compare?: unknown): unknown[] =>
  list.toSorted(compareOrText(compare));

export const arrayMethods: ReadonlyMap<string, Method> = new Map<string, Method>(
  Object.entries({
    filter: (list: readonly unknown[], f: unknown) => list.filter(callback(f)),
    map: (list: readonly unknown[], f: unknown) => list.map(callback(f)),
    flatMap: (list: readonly unknown[], f: unknown) => grown(list.flatMap(callback(f) as never)),
    some: (list: readonly unknown[], f: unknown) => list.some(callback(f)),
    every: (list: readonly unknown[], f: unknown) => list.every(callback(f)),
    find: (list: readonly unknown[], f: unknown) => list.find(callback(f)),
    findLast: (list: readonly unknown[], f: unknown) => list.findLast(callback(f)),
    findIndex: (list: readonly unknown[], f: unknown) => list.findIndex(callback(f)),
    findLastIndex: (list: readonly unknown[], f: unknown) => list.findLastIndex(callback(f)),
    forEach: (list: readonly unknown[], f: unknown) => list.forEach(callback(f)),
    reduce: (list: readonly unknown[], f: unknown, ...start: unknown[]) =>
      list.reduce(callback(f) as never, ...(start as [never])),
    includes: (list: readonly unknown[], value: unknown) => list.includes(value),
    indexOf: (list: readonly unknown[], value: unknown) => list.indexOf(value),
    lastIndexOf: (list: readonly unknown[], value: unknown) => list.lastIndexOf(value),
    slice: (list: readonly unknown[], from?: number, to?: number) => list.slice(from, to),
    at: (list: readonly unknown[], at: number) => list.at(at),
    join: (list: readonly unknown[], by?: unknown) => {
      const joined = list
        .map((value) => (value === undefined || value === null ? '' : plain(value)))
        .join(by === undefined ? ',' : plain(by));
      bounded(joined.length);
      return joined;
    },
    concat: (list: readonly unknown[], ...others: unknown[]) =>
      grown(list.concat(...(others as unknown[][]))),
    flat: (list: readonly unknown[], depth?: number) => grown(list.flat(depth)),
    sort: sorted,
    toSorted: sorted,
    reverse: (list: readonly unknown[]) => list.toReversed(),
    toReversed: (list: readonly unknown[]) => list.toReversed(),
    push: (list: unknown[], ...values: unknown[]) => {
      bounded(list.length + values.length);
      return list.push(...values);
    },
    pop: (list: unknown[]) => list.pop(),
    shift: (list: unknown[]) => list.shift(),
    unshift: (list: unknown[], ...values: unknown[]) => {
      bounded(list.length + values.length);
      return list.unshift(...values);
    },
  }),
);

export const numberMethods: ReadonlyMap<string, Method> = new Map<string, Method>(
  Object.entries({
    toFixed: (number: number, digits?: number) => number.toFixed(digits),
    toString: (number: number, radix?: number) => number.toString(radix),
  }),
);

/** Every method that can be called on something: the compiler refuses other names with a guess at what was meant. */
export const methodNames: ReadonlySet<string> = new Set([
  ...stringMethods.keys(),
  ...arrayMethods.keys(),
  ...numberMethods.keys(),
]);
