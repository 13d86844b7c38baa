import { defineFunction } from '../define-function.ts';
import { anyText, lowerCase, textsOf } from '../text-tests.ts';
import { ANY, parseWildcards, wildcardTest } from '../wildcard-text.ts';
import { lowerPart } from './like.ts';

const DEPTH_MAX = 64;

export const anywhere = defineFunction({
  name: 'anywhere',
  summary:
    'Is the pattern found in any field, however deep it lies? Letter case does not matter; * and ? are as in utils.like.',
  takes: { event: 'event, or any value', pattern: 'text with * and ?, or a list: one of them' },
  gives: 'boolean',
  examples: [
    { call: 'utils.anywhere({ a: { b: ["Evil.exe"] } }, "evil")', gives: true },
    { call: 'utils.anywhere({ a: 4688 }, ["x", "46?8"])', gives: true },
    { call: 'utils.anywhere({ evil: "a" }, "evil")', gives: false },
  ],
  prepare: (pattern) => {
    const tests = textsOf(pattern).map((text) => {
      const parts = parseWildcards(text).map(lowerPart);
      const [only] = parts;
      if (parts.length === 1 && typeof only === 'string')
        return (whole: string): boolean => whole.includes(only);
      return wildcardTest([ANY, ...parts, ANY]);
    });
    return anyLeaf(
      anyText((text) => {
        const lower = lowerCase(text);
        return tests.some((test) => test(lower));
      }),
    );
  },
});

/** Asks every text, number and boolean in a value. */
export function anyLeaf(test: (value: unknown) => boolean): (value: unknown) => boolean {
  const ask = (value: unknown, depth: number): boolean => {
    if (typeof value !== 'object' || value === null) return test(value);
    if (depth >= DEPTH_MAX) return false;
    for (const name of Object.keys(value))
      if (ask((value as Record<string, unknown>)[name], depth + 1)) return true;
    return false;
  };
  return (value) => ask(value, 0);
}
