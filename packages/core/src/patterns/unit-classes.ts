import { contains, LINE_ENDS, WORD_UNITS, type CodeUnitSet } from './code-unit-set.ts';

/** What assertions see of a code unit; beyond either end of the text there is NOTHING. */
export const NOTHING = 0;
export const WORD = 1;
export const LINE_END = 2;
export const OTHER = 3;

const kindOf = (unit: number): number =>
  contains(WORD_UNITS, unit) ? WORD : contains(LINE_ENDS, unit) ? LINE_END : OTHER;

/** Code units that no set and no assertion tells apart are of one class. The end of the text is a class of its own. */
export interface UnitClasses {
  /** How many, with the end of the text, which is the last. */
  readonly count: number;
  /** The classes of units below 256. */
  readonly low: Uint16Array;
  /** Where runs of one class begin, from 256 on, and their classes. */
  readonly highFrom: Uint16Array;
  readonly highClass: Uint16Array;
  /** By class: what assertions see. */
  readonly kinds: Uint8Array;
  /** `holds[set * count + class]` */
  readonly holds: Uint8Array;
}

/** Costs the number of sets times the number of their ranges, at most. */
export function makeUnitClasses(
  sets: readonly CodeUnitSet[],
  withAssertions: boolean,
): UnitClasses {
  const told = withAssertions ? [...sets, WORD_UNITS, LINE_ENDS] : sets;
  const starts = runStarts(told);
  const { classes, examples } = classesOf(starts, told);
  const count = examples.length + 1;
  const holds = new Uint8Array(sets.length * count);
  sets.forEach((set, number) =>
    examples.forEach((unit, i) => {
      if (contains(set, unit)) holds[number * count + i] = 1;
    }),
  );
  return {
    count,
    ...tables(starts, classes),
    kinds: Uint8Array.from([...examples.map(kindOf), NOTHING]),
    holds,
  };
}

/** The class of each run, and a unit of each class: every set parts the runs in it from those beside it. */
function classesOf(
  starts: readonly number[],
  sets: readonly CodeUnitSet[],
): { readonly classes: readonly number[]; readonly examples: readonly number[] } {
  const indexes = new Map(starts.map((unit, i) => [unit, i]));
  const parts = new Int32Array(starts.length);
  let count = 1;
  for (const set of sets) {
    const partInside = new Map<number, number>();
    for (let i = 0; i < set.length; i += 2) {
      const end = indexes.get(set[i + 1]! + 1) ?? starts.length;
      for (let run = indexes.get(set[i]!)!; run < end; run++) {
        const part = parts[run]!;
        if (!partInside.has(part)) partInside.set(part, count++);
        parts[run] = partInside.get(part)!;
      }
    }
  }
  const numbers = new Map<number, number>();
  const examples: number[] = [];
  const classes = Array.from(parts, (part, run) => {
    if (!numbers.has(part)) numbers.set(part, examples.push(starts[run]!) - 1);
    return numbers.get(part)!;
  });
  return { classes, examples };
}

function runStarts(sets: readonly CodeUnitSet[]): number[] {
  const starts = new Set([0, 256]);
  for (const set of sets)
    for (let i = 0; i < set.length; i += 2) {
      starts.add(set[i]!);
      if (set[i + 1]! < 0xffff) starts.add(set[i + 1]! + 1);
    }
  return [...starts].sort((a, b) => a - b);
}

function tables(
  starts: readonly number[],
  classes: readonly number[],
): Pick<UnitClasses, 'low' | 'highFrom' | 'highClass'> {
  const low = new Uint16Array(256);
  starts.forEach((from, i) => {
    if (from < 256) low.fill(classes[i]!, from, starts[i + 1]);
  });
  const firstHigh = starts.indexOf(256);
  return {
    low,
    highFrom: Uint16Array.from(starts.slice(firstHigh)),
    highClass: Uint16Array.from(classes.slice(firstHigh)),
  };
}

/** The class of a unit from 256 on. */
export function highClassOf(classes: UnitClasses, unit: number): number {
  const { highFrom } = classes;
  let low = 0;
  let high = highFrom.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (highFrom[middle]! <= unit) low = middle;
    else high = middle - 1;
  }
  return classes.highClass[low]!;
}
