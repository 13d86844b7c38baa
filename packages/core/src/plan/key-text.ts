import type { Json } from './json.ts';

/**
 * The text by which keys are compared: strings as they are, numbers and booleans as JavaScript prints them, objects
 * as JSON with sorted names. null (no key): missing, null, "" and what the source declares as `empty`.
 */
export function keyTextOf(value: Json | undefined, empty: ReadonlySet<string>): string | null {
  if (typeof value === 'string') return value === '' || empty.has(value) ? null : value;
  if (value === undefined || value === null) return null;
  const text = typeof value === 'object' ? sortedJson(value) : String(value);
  return empty.has(text) ? null : text;
}

export function sortedJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(sortedJson).join(',')}]`;
  const fields = value as { readonly [name: string]: Json };
  // The order of names by code unit is sort's own.
  const names = Object.keys(fields).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sortedJson(fields[name]!)}`).join(',')}}`;
}
