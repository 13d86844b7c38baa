import { defineFunction } from '../define-function.ts';
import { anyText, lowerCase, textsOf } from '../text-tests.ts';
import { parseWildcards, wildcardTest, type WildcardPart } from '../wildcard-text.ts';

export const like = defineFunction({
  name: 'like',
  summary:
    'Is the whole text as the pattern says? * stands for any text, ? for one character; \\* \\? and \\\\ are these characters themselves. Letter case matters only with "cased".',
  takes: {
    text: 'text, or a list: one of its texts',
    pattern: 'text with * and ?, or a list: one of them',
    cased: '"cased" or nothing',
  },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.like("C:\\\\Windows\\\\cmd.exe", "*\\\\CMD.ex?")', gives: true },
    { call: 'utils.like("5*5", "5\\\\*5")', gives: true },
    { call: 'utils.like("5x5", "5\\\\*5")', gives: false },
    { call: 'utils.like("abc", ["x*", "A*"], "cased")', gives: false },
  ],
  prepare: (pattern, cased) => {
    const isCased = cased === 'cased';
    const tests = textsOf(pattern).map((text) =>
      wildcardTest(parseWildcards(text).map((part) => (isCased ? part : lowerPart(part)))),
    );
    return anyText((text) => {
      const asked = isCased ? text : lowerCase(text);
      return tests.some((test) => test(asked));
    });
  },
});

export const lowerPart = (part: WildcardPart): WildcardPart =>
  typeof part === 'string' ? part.toLowerCase() : part;
