import { contains, united, type CodeUnitSet } from './code-unit-set.ts';

/**
 * What a code unit is compared as under the flag `i`: ECMA-262, 22.2.2.7.3 Canonicalize, without `u` and `v`. Its
 * capital, if that is one unit, and never one of ASCII for one that is not.
 */
export function canonical(unit: number): number {
  const capital = String.fromCharCode(unit).toUpperCase();
  if (capital.length !== 1) return unit;
  const made = capital.charCodeAt(0);
  return unit >= 128 && made < 128 ? unit : made;
}

/** Units that differ from others in letter case, ascending, and with each all units of its family. */
interface CasedUnits {
  readonly units: Uint16Array;
  readonly families: readonly (readonly number[])[];
}

let casedUnits: CasedUnits | null = null;

/** Made once, when first needed: 65,536 capitals. */
function allCasedUnits(): CasedUnits {
  if (casedUnits !== null) return casedUnits;
  const byCapital = new Map<number, number[]>();
  for (let unit = 0; unit <= 0xffff; unit++) {
    const capital = canonical(unit);
    const family = byCapital.get(capital);
    if (family === undefined) byCapital.set(capital, [unit]);
    else family.push(unit);
  }
  const families = [...byCapital.values()].filter((family) => family.length > 1);
  const pairs = families
    .flatMap((family) => family.map((unit) => ({ unit, family })))
    .sort((a, b) => a.unit - b.unit);
  return (casedUnits = {
    units: Uint16Array.from(pairs.map(({ unit }) => unit)),
    families: pairs.map(({ family }) => family),
  });
}

/** A set with all that differs from its units in letter case only. */
export function ignoringCase(set: CodeUnitSet): CodeUnitSet {
  if ((set.at(-1) ?? 0) < 128) return united([...set, ...otherCaseOfAscii(set)]);
  const { units, families } = allCasedUnits();
  const ranges = [...set];
  for (let i = 0; i < set.length; i += 2)
    for (let at = placeOf(units, set[i]!); at < units.length && units[at]! <= set[i + 1]!; at++)
      for (const unit of families[at]!) if (!contains(set, unit)) ranges.push(unit, unit);
  return united(ranges);
}

/** Of the first unit that is not less. */
function placeOf(units: Uint16Array, unit: number): number {
  let low = 0;
  let high = units.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (units[middle]! < unit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** No unit beyond ASCII is compared as one of ASCII, so the table is not needed. */
function otherCaseOfAscii(set: CodeUnitSet): number[] {
  const ranges: number[] = [];
  for (let unit = 0x41; unit <= 0x5a; unit++) {
    if (contains(set, unit)) ranges.push(unit + 32, unit + 32);
    if (contains(set, unit + 32)) ranges.push(unit, unit);
  }
  return ranges;
}
