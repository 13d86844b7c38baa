import { compilePattern, isProblem, type Extent, type Pattern } from '../patterns/pattern.ts';
import { LENGTH_MAX } from '../patterns/parse-pattern.ts';
import { chargeLate } from './budget.ts';
import { anyText, type ValueTest } from './text-tests.ts';

/** Why a pattern is refused, or null. */
export function refusePattern(source: string, flags: string): string | null {
  const made = compilePattern(source, flags);
  return isProblem(made) ? made.reason : null;
}

const KEPT_MAX = 500;
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const kept = new Map<string, Pattern | null>();

/** Can it be a pattern at all, by its length? If not, nothing is done or kept for it. */
export const isOfPatternLength = (source: string, flags: string): boolean =>
  source.length <= LENGTH_MAX && flags.length <= 'ims'.length;

/** A pattern, compiled once; null if it is refused. Of the patterns kept the one that was asked for longest ago goes. */
function patternOf(source: string, flags: string, extent: Extent): Pattern | null {
  // Rules make texts of any length, and what is kept outlives the call that asked.
  if (!isOfPatternLength(source, flags)) return null;
  const key = `${extent}/${flags}/${source}`;
  let pattern = kept.get(key);
  if (pattern === undefined) {
    const made = compilePattern(source, flags, extent);
    pattern = isProblem(made) ? null : made;
    makeRoom();
  } else kept.delete(key);
  kept.set(key, pattern);
  return pattern;
}

/** Tables grow while texts are read, so they are weighed anew. A pattern of a rule's own text is held by the rule too. */
function makeRoom(): void {
  let bytes = 0;
  for (const pattern of kept.values()) bytes += pattern?.bytes ?? 0;
  for (const [key, pattern] of kept) {
    if (kept.size < KEPT_MAX && bytes < KEPT_BYTES_MAX) return;
    kept.delete(key);
    bytes -= pattern?.bytes ?? 0;
  }
}

/** For tests that rule code asks: what they cost beside reading the text is charged to the call at hand. */
export const CHARGED = Symbol('charged');
/** The same, of patterns that stand in the rule and last as long as it does. */
export const CHARGED_LASTING = Symbol('charged lasting');

const LONG_TEXT = 1 << 14;

/**
 * A test of values: does one of the patterns match their text? Patterns that are refused match nothing. `mode`: CHARGED,
 * CHARGED_LASTING, or nothing.
 */
export function patternsTest(
  patterns: unknown,
  flags: unknown,
  extent: Extent,
  mode: unknown,
): ValueTest {
  const list: readonly unknown[] = Array.isArray(patterns) ? patterns : [patterns];
  const compiled = list
    .map((source) =>
      typeof source === 'string'
        ? patternOf(source, typeof flags === 'string' ? flags : '', extent)
        : null,
    )
    .filter((pattern) => pattern !== null);
  const isLasting = mode === CHARGED_LASTING;
  const each = (pattern: Pattern, text: string): boolean => {
    // Reading is what the rule asks for; of long texts something is charged, so that the clock is looked at.
    if (isLasting && text.length >= LONG_TEXT) chargeLate(text.length >> 12);
    return pattern.test(text, pay, isLasting);
  };
  const pay = isLasting || mode === CHARGED ? chargeLate : undefined;
  const ofOthers = anyText((text) => compiled.some((pattern) => each(pattern, text)));
  const [only] = compiled;
  // One pattern and a text are the rule, and every call on the way costs.
  return compiled.length === 1
    ? (value) => (typeof value === 'string' ? each(only!, value) : ofOthers(value))
    : ofOthers;
}
