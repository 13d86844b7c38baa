import type { Json, Path } from './json.ts';

/** Marks readers: rule code cannot name a symbol, so it cannot make one. */
export const readerMark: unique symbol = Symbol('event reader');

/**
 * An event as rule code sees it: fields are decoded when they are read, and nothing can be written.
 *
 * In FILTER, keys and columns it stands over the spans of a decoded batch, in HAVING over the columns of a stored
 * row. One reader may be moved from event to event, so nobody keeps it.
 */
export interface EventReader {
  readonly [readerMark]: true;
  /** The value of a path by its number (`S[i]` in generated code); undefined if missing. Values are frozen or fresh. */
  get(slot: number): Json | undefined;
  /** The value of a path that was not known when the rule was compiled. May cost a parse of the record, once for an event. */
  at(path: Path): Json | undefined;
  /** The whole event as a plain value, which is frozen or nobody else's. Costs a parse of the record, once for an event. */
  whole(): Json;
}
