import type { Json, Path } from '../../packages/core/src/plan/json.ts';

type Fields = { readonly [name: string]: Json };

/**
 * The value of a path: at each step the longest flat key first ("a.b.c", then "a.b"), then descend; where that leads
 * to nothing the next shorter key. An array in the way ends it.
 */
export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  if (path.length === 0) return value;
  if (!isObject(value)) return undefined;
  for (let taken = path.length; taken >= 1; taken--) {
    const name = path.slice(0, taken).join('.');
    if (!Object.hasOwn(value, name)) continue;
    const found = valueAt(value[name], path.slice(taken));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isObject(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A record as an event, or null if it is not JSON or not an object. */
export function parseRecord(record: string): Fields | null {
  try {
    const value = JSON.parse(record.replace(/^\uFEFF/, ''), keepDigits) as Json;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** An integer that a double cannot hold exactly reads as the string of its digits. */
function keepDigits(_name: string, value: Json, context?: { readonly source?: string }): Json {
  // What an event holds is read-only.
  if (typeof value === 'object') return Object.freeze(value);
  if (typeof value !== 'number' || context?.source === undefined) return value;
  if (!Number.isFinite(value)) return context.source;
  const isInteger = /^-?[0-9]+$/.test(context.source);
  return isInteger && BigInt(context.source) !== BigInt(value) ? context.source : value;
}

/** Text by which keys compare; null: no key. */
export function keyTextOf(value: Json | undefined, empty: readonly string[]): string | null {
  if (value === undefined || value === null) return null;
  const text = typeof value === 'object' ? sortedJson(value) : String(value);
  return text === '' || empty.includes(text) ? null : text;
}

function sortedJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).toSorted();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sortedJson(value[name]!)}`).join(',')}}`;
}
