import { defineFunction, textOf } from '../define-function.ts';

export const glob = defineFunction({
  name: 'glob',
  summary:
    'Does the text match the pattern, in which * stands for any text and ? for one character? Letter case does not matter.',
  takes: { text: 'text', pattern: 'text with * and ?' },
  gives: 'boolean; false if either is missing',
  examples: [
    { call: 'utils.glob("C:\\\\Windows\\\\cmd.exe", "*\\\\CMD.exe")', gives: true },
    { call: 'utils.glob("abc", "a?")', gives: false },
  ],
  run: (text, pattern) => {
    const whole = textOf(text)?.toLowerCase();
    const wanted = textOf(pattern)?.toLowerCase();
    return whole !== undefined && wanted !== undefined && matchesGlob(whole, wanted);
  },
});

/** Goes back to the last star only, so it costs at most length times length of the pattern. */
function matchesGlob(text: string, pattern: string): boolean {
  const ends = pattern.length;
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = next < ends ? pattern.charCodeAt(next) : -1;
    if (wanted === STAR) {
      star = next++;
      resume = at;
    } else if (wanted === ONE || wanted === text.charCodeAt(at)) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else return false;
  }
  while (next < ends && pattern.charCodeAt(next) === STAR) next++;
  return next === ends;
}

const STAR = 42;
const ONE = 63;
