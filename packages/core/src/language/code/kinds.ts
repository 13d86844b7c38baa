/**
 * What is known of a value:
 *   event      a reader (in HAVING perhaps undefined)
 *   events     the list of readers that HAVING gets, or a part of it
 *   copy       SINK's private plain value
 *   primitive  never an object
 *   scalar     a number, true, false, null or undefined: neither a text nor an object
 *   word       a text that is written in the code and short
 *   list       a list that the rule made itself, so one that may change
 *   any        all else; in HAVING it can be a reader only if some event was used as a value (`readsWhole`)
 *   match      the match of a sequence: its steps are events or lists of them
 */
export type Kind =
  'event' | 'events' | 'copy' | 'match' | 'primitive' | 'scalar' | 'word' | 'list' | 'any';

export interface Emitted {
  readonly text: string;
  readonly kind: Kind;
}

export const any = (text: string): Emitted => ({ text, kind: 'any' });
export const scalar = (text: string): Emitted => ({ text, kind: 'scalar' });
export const list = (text: string): Emitted => ({ text, kind: 'list' });
export const word = (text: string): Emitted => ({ text, kind: 'word' });
export const primitive = (text: string): Emitted => ({ text, kind: 'primitive' });

export type Scope = Map<string, { readonly kind: Kind; readonly isFixed: boolean }>;

/** Methods of the events list: how their callback is called, and what they give. */
export const EVENT_LIST_METHODS: Readonly<
  Record<string, { readonly callback: readonly Kind[] | null; readonly gives: Kind }>
> = {
  filter: { callback: ['event', 'scalar', 'events'], gives: 'events' },
  map: { callback: ['event', 'scalar', 'events'], gives: 'any' },
  flatMap: { callback: ['event', 'scalar', 'events'], gives: 'any' },
  some: { callback: ['event', 'scalar', 'events'], gives: 'scalar' },
  every: { callback: ['event', 'scalar', 'events'], gives: 'scalar' },
  find: { callback: ['event', 'scalar', 'events'], gives: 'event' },
  findLast: { callback: ['event', 'scalar', 'events'], gives: 'event' },
  findIndex: { callback: ['event', 'scalar', 'events'], gives: 'scalar' },
  findLastIndex: { callback: ['event', 'scalar', 'events'], gives: 'scalar' },
  forEach: { callback: ['event', 'scalar', 'events'], gives: 'scalar' },
  reduce: { callback: ['any', 'event', 'scalar', 'events'], gives: 'any' },
  sort: { callback: ['event', 'event'], gives: 'events' },
  toSorted: { callback: ['event', 'event'], gives: 'events' },
  reverse: { callback: null, gives: 'events' },
  toReversed: { callback: null, gives: 'events' },
  slice: { callback: null, gives: 'events' },
  at: { callback: null, gives: 'event' },
};

const OF_ELEMENTS: readonly Kind[] = ['any', 'scalar', 'any'];

/** What functions get that methods of any list are given. */
export const CALLBACK_KINDS: Readonly<Record<string, readonly Kind[]>> = {
  ...Object.fromEntries(
    Object.keys(EVENT_LIST_METHODS).map((name) => [
      name,
      EVENT_LIST_METHODS[name]!.callback?.[0] === 'event' && !name.toLowerCase().includes('sort')
        ? OF_ELEMENTS
        : [],
    ]),
  ),
  reduce: ['any', 'any', 'scalar', 'any'],
};

/** Methods that only lists have, or only text, and that give a new list. */
export const NEW_LISTS: ReadonlySet<string> = new Set(
  'filter map flatMap flat toSorted toReversed split'.split(' '),
);

/**
 * Methods of text that JavaScript may run by itself where the text is short: bytes of what they make then. The library
 * runs them on long ones.
 */
export const SHORT_TEXT_METHODS: Readonly<Record<string, number>> = {
  toLowerCase: 544,
  toUpperCase: 1600,
  trim: 48,
  trimStart: 48,
  trimEnd: 48,
  includes: 0,
  startsWith: 0,
  endsWith: 0,
  indexOf: 0,
  lastIndexOf: 0,
  slice: 48,
  substring: 48,
  charAt: 48,
  charCodeAt: 0,
  at: 48,
};

/** What a table says of a name; undefined: nothing. Objects inherit names, such as `toString`. */
export const ownOf = <Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined => (Object.hasOwn(table, name) ? table[name] : undefined);

export const isPrimitiveKind = (kind: Kind): boolean =>
  kind === 'primitive' || kind === 'scalar' || kind === 'word';

/** What is known of a value that is one of two. */
export function eitherKind(a: Kind, b: Kind): Kind {
  if (a === b && a !== 'event' && a !== 'events' && a !== 'copy' && a !== 'match') return a;
  return isPrimitiveKind(a) && isPrimitiveKind(b) ? 'primitive' : 'any';
}
