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

let families: readonly (readonly number[])[] | null = null;

/** Units of the same canonical unit, where there are several. Made once, when first needed: 65,536 capitals. */
function allFamilies(): readonly (readonly number[])[] {
  if (families !== null) return families;
  const byCapital = new Map<number, number[]>();
  for (let unit = 0; unit <= 0xffff; unit++) {
    const capital = canonical(unit);
    const family = byCapital.get(capital);
    if (family === undefined) byCapital.set(capital, [unit]);
    else family.push(unit);
  }
  return (families = [...byCapital.values()].filter((family) => family.length > 1));
}

/** A set with all that differs from its units in letter case only. */
export function ignoringCase(set: CodeUnitSet): CodeUnitSet {
  if ((set.at(-1) ?? 0) < 128) return united([...set, ...otherCaseOfAscii(set)]);
  const more = allFamilies().filter((family) => family.some((unit) => contains(set, unit)));
  return united([...set, ...more.flat().flatMap((unit) => [unit, unit])]);
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
