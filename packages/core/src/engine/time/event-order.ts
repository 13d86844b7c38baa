import type { Json } from '../../plan/json.ts';
import type { EventName } from '../../plan/result.ts';

/** The order of texts by code unit. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The order of events: ($at, source, partition, number). */
export const compareEventNames = (a: EventName, b: EventName): number =>
  a.at - b.at ||
  compareText(a.source, b.source) ||
  compareText(a.partition, b.partition) ||
  compareEventNumbers(a.number, b.number);

/**
 * The order of event numbers (docs/language.md section 1): numbers and strings of digits by value and before other
 * text, text by code unit; declared identities part by part. Total: what is equal by value is ordered by its text.
 */
export function compareEventNumbers(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (!Array.isArray(a) && !Array.isArray(b)) return compareScalars(a, b);
  const left = (Array.isArray(a) ? a : [a]) as readonly Json[];
  const right = (Array.isArray(b) ? b : [b]) as readonly Json[];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareScalars(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers and strings of digits by value and before all else; text by code unit, other values by their JSON. */
export function compareScalars(a: Json, b: Json): number {
  const left = valueOf(a);
  const right = valueOf(b);
  if (left !== null && right !== null) {
    if (left < right) return -1;
    if (left > right) return 1;
    // `7` and `"7"` are of one value and still two: the number first.
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  } else if (left !== null || right !== null) return left !== null ? -1 : 1;
  return compareText(textOf(a), textOf(b));
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** `<` between a number and a BigInt compares exactly. */
function valueOf(value: Json): bigint | number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^[0-9]+$/.test(value)) return null;
  return value.length < 16 ? Number(value) : BigInt(value);
}
