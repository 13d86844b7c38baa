import { textOf } from './define-function.ts';

/** A question to one value of an event. */
export type ValueTest = (value: unknown) => boolean;

const DEPTH_MAX = 64;

/** Asks a text, number or boolean as text; of a list one element must say yes. */
export function anyText(test: (text: string) => boolean): ValueTest {
  const ask = (value: unknown, depth: number): boolean => {
    if (typeof value === 'string') return test(value);
    if (Array.isArray(value))
      return depth < DEPTH_MAX && (value as unknown[]).some((one) => ask(one, depth + 1));
    const text = textOf(value);
    return text !== undefined && test(text);
  };
  return (value) => (typeof value === 'string' ? test(value) : ask(value, 0));
}

let lastText = '';
let lastLower = '';

/** The text in small letters. Of the text asked last the answer is kept: many rules ask one field. */
export function lowerCase(text: string): string {
  if (text !== lastText) {
    lastText = text;
    lastLower = text.toLowerCase();
  }
  return lastLower;
}

/** One value or a list of them as texts; values that are no texts are left out. */
export function textsOf(values: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  return list.map(textOf).filter((text) => text !== undefined);
}

/** Texts that are to be found, in small letters: the test of the one, or of one of several. */
export function ignoringCase(
  wanted: unknown,
  holds: (text: string, piece: string) => boolean,
): ValueTest {
  const pieces = textsOf(wanted).map((text) => text.toLowerCase());
  const [piece] = pieces;
  if (piece === undefined) return () => false;
  if (pieces.length === 1) return anyText((text) => holds(lowerCase(text), piece));
  return anyText((text) => {
    const lower = lowerCase(text);
    return pieces.some((one) => holds(lower, one));
  });
}

/** A number, or a text that is a decimal number; NaN for all else. */
export function decimalOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
    ? Number(value)
    : Number.NaN;
}
