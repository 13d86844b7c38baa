import { armedLimits, LimitBroken } from '../../functions/budget.ts';
import { readerMark, type EventReader } from '../../plan/event-reader.ts';
import type { Json } from '../../plan/json.ts';

/** What rule code returned is not plain data. */
export class ResultRefused extends Error {}

const DEPTH_MAX = 8;
const VALUES_MAX = 10_000;

/**
 * A bounded, plain copy of what rule code returned, made of nothing that the rule can still reach; nothing of it is ever
 * called. Numbers that JSON cannot say become their text, undefined fields are left out. Throws ResultRefused with the
 * reason, or LimitBroken if it is larger than the limits of the call that is armed.
 */
export const plainValueFrom = (value: unknown): Json => new PlainCopy().of(value, 0);

/**
 * What rule code gave for a key or a value that is kept; undefined stays what it is. What is too large is refused, which
 * is an error of this event: mostly it is something that the event holds, and who writes logs parks no rule.
 */
export function givenValueFrom(value: unknown): Json | undefined {
  if (typeof value === 'boolean' || value === undefined) return value;
  try {
    return plainValueFrom(value);
  } catch (error) {
    throw LimitBroken.is(error) ? new ResultRefused(error.message) : error;
  }
}

/**
 * What an event holds, as rules see it. It was bounded when the event was read, and is no limit of a rule's: who writes
 * logs must not be able to park the rules that look at them.
 */
export function eventValueFrom(value: Json | undefined): Json | undefined {
  if (typeof value === 'number') return value + 0;
  return typeof value === 'object' ? new PlainCopy(false).of(value, 0) : value;
}

/** Of each element, all of them within the bounds of one result; null for falsy ones. */
export function plainElementsFrom(list: readonly unknown[]): Json[] {
  const copy = new PlainCopy();
  copy.takes(list.length);
  const elements: Json[] = [];
  for (let i = 0; i < list.length; i++) elements.push(list[i] ? copy.of(list[i], 0) : null);
  return elements;
}

class PlainCopy {
  #values = 0;
  #bytes = 0;
  readonly #isBounded: boolean;
  readonly #bytesMax = armedLimits().resultBytes;

  constructor(isBounded = true) {
    this.#isBounded = isBounded;
  }

  of(from: unknown, depth: number): Json {
    this.takes(1);
    if (depth > DEPTH_MAX && this.#isBounded)
      throw new LimitBroken('result', `a result is nested deeper than ${DEPTH_MAX}`);
    switch (typeof from) {
      case 'string':
        this.#writes(from.length + 2);
        return from;
      case 'number':
        this.#writes(8);
        return Number.isFinite(from) ? from + 0 : String(from);
      case 'boolean':
        return from;
      case 'undefined':
        return null;
      case 'object':
        if (from === null) return null;
        if (isReader(from)) return this.of(from.whole(), depth);
        return Array.isArray(from) ? this.#elements(from, depth) : this.#fields(from, depth);
      default:
        throw new ResultRefused(`a result holds a ${typeof from}`);
    }
  }

  takes(values: number): void {
    this.#values += values;
    if (this.#values > VALUES_MAX && this.#isBounded)
      throw new LimitBroken('result', `a result holds more than ${VALUES_MAX} values`);
  }

  /** About what it takes as JSON. */
  #writes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#bytesMax && this.#isBounded)
      throw new LimitBroken('result', `a result is longer than ${this.#bytesMax} bytes`);
  }

  #elements(list: readonly unknown[], depth: number): Json {
    if (list.length > VALUES_MAX) this.takes(list.length);
    const copy: Json[] = [];
    for (let i = 0; i < list.length; i++) copy.push(this.of(valueOf(list, i), depth + 1));
    return copy;
  }

  #fields(from: object, depth: number): Json {
    const fields: Record<string, Json> = {};
    for (const name of Object.keys(from)) {
      const item = valueOf(from, name);
      if (item === undefined) continue;
      this.#writes(name.length + 4);
      // Not by assignment: `__proto__` is an ordinary name in data.
      Object.defineProperty(fields, name, {
        value: this.of(item, depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return fields;
  }
}

/** What a field holds. Rules cannot make getters; were there one, it would not be asked. */
function valueOf(from: object, name: string | number): unknown {
  const field = Object.getOwnPropertyDescriptor(from, name);
  if (field !== undefined && !('value' in field))
    throw new ResultRefused('a result holds a field that is computed');
  return field?.value;
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
  plainElementsFrom(value).forEach((element, index) => {
    if (!element) return;
    const fields = isFields(element) ? element : before;
    const id = fields['id'];
    const part = typeof id === 'string' || typeof id === 'number' ? String(id) : index;
    // Elements of one id are one result: the first says what it is.
    if (parts.has(part)) return;
    parts.add(part);
    results.push({ fields, part });
  });
  return results;
}

const isFields = (value: Json): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldsFrom(value: unknown, before: Fields): Fields {
  if (typeof value !== 'object' || Array.isArray(value)) return before;
  return plainValueFrom(value) as Fields;
}
