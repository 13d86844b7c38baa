/**
 * What is known of a value:
 *   event      a reader (in HAVING perhaps undefined)
 *   events     the list of readers that HAVING gets, or a part of it
 *   copy       SINK's private plain value
 *   primitive  never an object
 *   any        all else; in HAVING it can be a reader only if some event was used as a value (`readsWhole`)
 *   match      the match of a sequence: its steps are events or lists of them
 */
export type Kind = 'event' | 'events' | 'copy' | 'match' | 'primitive' | 'any';

export interface Emitted {
  readonly text: string;
  readonly kind: Kind;
}

export const any = (text: string): Emitted => ({ text, kind: 'any' });
export const primitive = (text: string): Emitted => ({ text, kind: 'primitive' });

export type Scope = Map<string, { readonly kind: Kind; readonly isFixed: boolean }>;

/** Methods of the events list: how their callback is called, and what they give. */
export const EVENT_LIST_METHODS: Readonly<
  Record<string, { readonly callback: readonly Kind[] | null; readonly gives: Kind }>
> = {
  filter: { callback: ['event', 'primitive', 'events'], gives: 'events' },
  map: { callback: ['event', 'primitive', 'events'], gives: 'any' },
  flatMap: { callback: ['event', 'primitive', 'events'], gives: 'any' },
  some: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  every: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  find: { callback: ['event', 'primitive', 'events'], gives: 'event' },
  findLast: { callback: ['event', 'primitive', 'events'], gives: 'event' },
  findIndex: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  findLastIndex: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  forEach: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  reduce: { callback: ['any', 'event', 'primitive', 'events'], gives: 'any' },
  sort: { callback: ['event', 'event'], gives: 'events' },
  toSorted: { callback: ['event', 'event'], gives: 'events' },
  reverse: { callback: null, gives: 'events' },
  toReversed: { callback: null, gives: 'events' },
  slice: { callback: null, gives: 'events' },
  at: { callback: null, gives: 'event' },
};
