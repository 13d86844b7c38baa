import { readerMark, type EventReader } from '../../plan/event-reader.ts';
import type { Json } from '../../plan/json.ts';

/** What rule code returned is not plain data within bounds. */
export class ResultRefused extends Error {}

const DEPTH_MAX = 8;
const VALUES_MAX = 10_000;
const TEXT_MAX = 262_144;

/**
 * A bounded, plain copy of what rule code returned; nothing of it is ever called. Numbers that JSON cannot say become
 * their text, undefined fields are left out. Throws ResultRefused with the reason.
 */
export function plainValueFrom(value: unknown): Json {
  let values = 0;
  let characters = 0;
  const copy = (from: unknown, depth: number): Json => {
    if (++values > VALUES_MAX)
      throw new ResultRefused(`a result holds more than ${VALUES_MAX} values`);
    if (depth > DEPTH_MAX) throw new ResultRefused(`a result is nested deeper than ${DEPTH_MAX}`);
    switch (typeof from) {
      case 'string':
        characters += from.length;
        if (characters > TEXT_MAX)
          throw new ResultRefused(`a result is longer than ${TEXT_MAX} characters`);
        return from;
      case 'number':
        return Number.isFinite(from) ? from + 0 : String(from);
      case 'boolean':
        return from;
      case 'undefined':
        return null;
      case 'object':
        if (from === null) return null;
        if (isReader(from)) return copy(from.whole(), depth);
        return Array.isArray(from)
          ? from.map((item) => copy(item, depth + 1))
          : copyFields(from, depth);
      default:
        throw new ResultRefused(`a result holds a ${typeof from}`);
    }
  };
  const copyFields = (from: object, depth: number): Json => {
    const fields: Record<string, Json> = {};
    for (const name of Object.keys(from)) {
      const item = (from as Record<string, unknown>)[name];
      if (item === undefined) continue;
      characters += name.length;
      Object.defineProperty(fields, name, {
        value: copy(item, depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return fields;
  };
  return copy(value, 0);
}

const isReader = (value: object): value is EventReader =>
  (value as Partial<EventReader>)[readerMark] === true;

export type Fields = Readonly<Record<string, Json>>;

/** One result of a returned value: its fields, and what tells it from its siblings (null: it has none). */
export interface Returned {
  readonly fields: Fields;
  readonly part: Json;
}

/**
 * What HAVING or SINK returned: falsy gives no result, true the fields that there were, an object its fields, an
 * array one result for each element (told apart by the element's `id`, else by its index).
 */
export function returnedFrom(value: unknown, before: Fields): readonly Returned[] {
  if (!value) return [];
  if (!Array.isArray(value)) return [{ fields: fieldsFrom(value, before), part: null }];
  const results: Returned[] = [];
  const parts = new Set<Json>();
  value.forEach((element: unknown, index) => {
    if (!element) return;
    const fields = fieldsFrom(element, before);
    const id = fields['id'];
    const part = typeof id === 'string' || typeof id === 'number' ? String(id) : index;
    // Elements of one id are one result: the first says what it is.
    if (parts.has(part)) return;
    parts.add(part);
    results.push({ fields, part });
  });
  return results;
}

function fieldsFrom(value: unknown, before: Fields): Fields {
  if (typeof value !== 'object' || Array.isArray(value)) return before;
  return plainValueFrom(value) as Fields;
}
