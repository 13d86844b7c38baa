/** docs/sigma.md, "Views": how an event is read whatever exported it, slow and obvious. */
import type { Json, Path } from '../../packages/core/src/plan/json.ts';
import type { SourcePlan } from '../../packages/core/src/plan/source-plan.ts';
import type { ViewPlan } from '../../packages/core/src/plan/view-plan.ts';
import { isObject, keyTextOf, valueAt } from './paths.ts';

type Read = (path: Path) => Json | undefined;

/** The value of a path: as it is named, by the field's other names, then within each of the view's objects. */
export function valueThrough(view: ViewPlan, fields: Json, path: Path): Json | undefined {
  const others = view.names[path.join('.')] ?? [];
  const within = view.within.map((outer) => [...outer, ...path]);
  for (const reading of [path, ...others, ...within]) {
    const found = view.isFolded ? foldedValueAt(fields, reading) : valueAt(fields, reading);
    if (found !== undefined) return found;
  }
  return undefined;
}

const folded = (name: string): string => name.toLowerCase().split(' ').join('');

/** As `valueAt`, where a name that is not there is found by another that differs in case and blanks only. */
function foldedValueAt(value: Json | undefined, path: Path): Json | undefined {
  if (path.length === 0) return value;
  if (!isObject(value)) return undefined;
  for (let taken = path.length; taken >= 1; taken--) {
    const name = path.slice(0, taken).join('.');
    const alike = Object.keys(value).filter((key) => folded(key) === folded(name));
    const key = alike.includes(name) ? name : alike.at(-1);
    if (key === undefined) continue;
    const found = foldedValueAt(value[key], path.slice(taken));
    if (found !== undefined) return found;
  }
  return undefined;
}

export interface EventKind {
  readonly product: string | null;
  readonly service: string | null;
  readonly categories: readonly string[];
  /** Names that hold for events of this kind only. */
  readonly names: ReadonlyMap<string, Path>;
}

/** What an event is: all classes that hold for it; what its source declares wins. */
export function kindOf({ view, logSource }: SourcePlan, read: Read): EventKind {
  const holding = (view?.classes ?? []).filter(({ when }) =>
    when.every(({ path, values }) => {
      const text = keyTextOf(read(path), [])?.toLowerCase();
      if (text === undefined) return false;
      return values === null || values.some((value) => value.toLowerCase() === text);
    }),
  );
  const names = new Map<string, Path>();
  for (const one of holding)
    for (const [name, path] of Object.entries(one.names))
      if (!names.has(name)) names.set(name, path);
  const given = (part: 'product' | 'service' | 'category'): string[] =>
    holding.map((one) => one[part]).filter((value) => value !== null);
  return {
    product: logSource.product ?? given('product')[0] ?? null,
    service: logSource.service ?? given('service')[0] ?? null,
    categories:
      logSource.category === null ? [...new Set(given('category'))] : [logSource.category],
    names,
  };
}
