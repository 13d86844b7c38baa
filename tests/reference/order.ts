import type { Json } from '../../packages/core/src/plan/json.ts';
import type { EventName } from '../../packages/core/src/plan/result.ts';

/** Event order: by time, then source, partition and number. Total, and independent of arrival. */
export function compareEvents(a: EventName, b: EventName): number {
  return (
    a.at - b.at ||
    compareText(a.source, b.source) ||
    compareText(a.partition, b.partition) ||
    compareNumbers(a.number, b.number)
  );
}

/** By code unit, as `<` compares text. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Numbers of events: part by part; a shorter list that is a beginning of the other comes first. */
export function compareNumbers(a: Json, b: Json): number {
  const left = Array.isArray(a) ? (a as Json[]) : [a];
  const right = Array.isArray(b) ? (b as Json[]) : [b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareParts(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Numbers and strings of digits by value and before other text, which is by code unit. */
export function compareParts(a: Json, b: Json): number {
  const aHasValue = hasValue(a);
  const bHasValue = hasValue(b);
  if (aHasValue !== bHasValue) return aHasValue ? -1 : 1;
  if (aHasValue) {
    const order = compareValues(a as number | string, b as number | string);
    if (order !== 0) return order;
  }
  // `7` and `"7"`, or `"7"` and `"07"`, are of one value and still two: the number first, then by text.
  if (aHasValue && typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return compareText(textOf(a), textOf(b));
}

const hasValue = (part: Json): boolean =>
  typeof part === 'number' || (typeof part === 'string' && /^[0-9]+$/.test(part));

function compareValues(a: number | string, b: number | string): number {
  // `<` between a BigInt and a number compares exactly.
  const left = typeof a === 'string' ? BigInt(a) : a;
  const right = typeof b === 'string' ? BigInt(b) : b;
  return left < right ? -1 : left > right ? 1 : 0;
}

const textOf = (part: Json): string => (typeof part === 'string' ? part : JSON.stringify(part));
