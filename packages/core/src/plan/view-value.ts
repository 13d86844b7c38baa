import type { Json, Path } from './json.ts';
import { foldedName, type ViewPlan } from './view-plan.ts';

type Fields = { readonly [name: string]: Json };

/** The ways in which a view reads a path, the preferred first. */
export function readingsThrough(view: ViewPlan, path: Path): Path[] {
  const names = Object.hasOwn(view.names, path.join('.')) ? view.names[path.join('.')]! : [];
  return [path, ...names, ...view.within.map((outer) => [...outer, ...path])];
}

/** The value of a path in a plain record, read through a view; without the names of its classes. */
export function valueThrough(view: ViewPlan, record: Json, path: Path): Json | undefined {
  for (const reading of readingsThrough(view, path)) {
    const found = valueAt(record, reading, view.isFolded);
    if (found !== undefined) return found;
  }
  return undefined;
}

function valueAt(value: Json | undefined, path: Path, isFolded: boolean): Json | undefined {
  if (path.length === 0) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (let taken = path.length; taken > 0; taken--) {
    const key = keyIn(value as Fields, path.slice(0, taken).join('.'), isFolded);
    if (key === undefined) continue;
    const found = valueAt((value as Fields)[key], path.slice(taken), isFolded);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The field's own name, else the last that is the same but for case and blanks. */
function keyIn(fields: Fields, name: string, isFolded: boolean): string | undefined {
  if (Object.hasOwn(fields, name)) return name;
  if (!isFolded) return undefined;
  const folded = foldedName(name);
  return Object.keys(fields).findLast((key) => foldedName(key) === folded);
}
