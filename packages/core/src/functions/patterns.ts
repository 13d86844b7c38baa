import { anyText, type ValueTest } from './text-tests.ts';

/** Why a pattern is refused, or null. Only what a linear-time engine can also run is taken. */
export function refusePattern(source: string, flags: string): string | null {
  if (source.length > 1000) return 'the pattern has more than 1000 characters';
  if (!/^(?!.*(.).*\1)[ims]*$/.test(flags))
    return `the flags "${flags}" are not taken, only i, m and s`;
  if (/\(\?<?[=!]/.test(withoutClasses(source)))
    return 'it looks ahead or behind, which cannot be searched in linear time';
  if (/\\(?:[1-9]|k<)/.test(withoutClasses(source)))
    return 'it refers back to a group, which cannot be searched in linear time';
  try {
    new RegExp(source, flags);
    return null;
  } catch (error) {
    return `it is not a regular expression: ${(error as Error).message.replace(/^Invalid regular expression: /, '')}`;
  }
}

/** The pattern without escaped characters other than digits and k, and without character classes. */
const withoutClasses = (source: string): string =>
  source.replace(/\\[^1-9k]/g, '').replace(/\[(?:\\.|[^\]\\])*\]/g, '');

const CACHE_MAX = 500;
const cache = new Map<string, RegExp | null>();

/** A pattern, compiled once; null if it is refused. */
export function patternOf(source: string, flags: string): RegExp | null {
  const key = `${flags}/${source}`;
  let pattern = cache.get(key);
  if (pattern === undefined) {
    pattern = refusePattern(source, flags) === null ? new RegExp(source, flags) : null;
    if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value!);
    cache.set(key, pattern);
  }
  return pattern;
}

/** A test of values: does one of the patterns match their text? Patterns that are refused match nothing. */
export function patternsTest(
  patterns: unknown,
  flags: unknown,
  framed: (source: string) => string,
): ValueTest {
  const list: readonly unknown[] = Array.isArray(patterns) ? patterns : [patterns];
  const regexes = list
    .map((source) =>
      typeof source === 'string'
        ? patternOf(framed(source), typeof flags === 'string' ? flags : '')
        : null,
    )
    .filter((regex) => regex !== null);
  const ofOthers = anyText((text) => regexes.some((regex) => regex.test(text)));
  const [only] = regexes;
  // One pattern and a text are the rule, and every call on the way costs.
  return regexes.length === 1
    ? (value) => (typeof value === 'string' ? only!.test(value) : ofOthers(value))
    : ofOthers;
}
