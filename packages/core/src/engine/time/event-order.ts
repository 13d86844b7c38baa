import type { Json } from '../../plan/json.ts';

/** The order of texts by code unit. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The order of event numbers (docs/language.md section 1): numbers and strings of digits by value and before other
 * text, text by code unit; declared identities part by part. Total: what is equal by value is ordered by its text.
 */
export function compareEventNumbers(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (Array.isArray(a) || Array.isArray(b)) {
    const left = (Array.isArray(a) ? a : [a]) as readonly Json[];
    const right = (Array.isArray(b) ? b : [b]) as readonly Json[];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const order = comparePart(textOf(left[i]!), textOf(right[i]!));
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  return comparePart(textOf(a), textOf(b));
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function comparePart(a: string, b: string): number {
  const left = numberIn(a);
  const right = numberIn(b);
  if (left !== null && right !== null) {
    if (left < right) return -1;
    if (left > right) return 1;
    return compareText(a, b);
  }
  if (left !== null) return -1;
  if (right !== null) return 1;
  return compareText(a, b);
}

/** Digits (with a sign) as an exact integer; other JSON numbers by their double; null for other text. */
function numberIn(text: string): bigint | number | null {
  if (/^-?\d+$/.test(text)) return text.length < 16 ? Number(text) : BigInt(text);
  return null;
}
