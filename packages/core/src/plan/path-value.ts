import type { Json, Path } from './json.ts';

/**
 * The value of a path in a plain value: at each step the longest flat key first ("a.b.c", then "a.b"), then descend;
 * where that leads to nothing the next shorter key, so that a value that is there is found. undefined if there is none.
 */
export function valueAtPath(value: Json | undefined, path: Path): Json | undefined {
  if (path.length === 0) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = value as { readonly [name: string]: Json };
  for (let taken = path.length; taken > 0; taken--) {
    const name = taken === 1 ? path[0]! : path.slice(0, taken).join('.');
    if (!Object.hasOwn(fields, name)) continue;
    const found = valueAtPath(fields[name], path.slice(taken));
    if (found !== undefined) return found;
  }
  return undefined;
}
