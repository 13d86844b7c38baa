import { defineFunction } from '../define-function.ts';
import { decimalOf } from '../text-tests.ts';

export const equals = defineFunction({
  name: 'equals',
  summary:
    'Is the value one of these? A number is also found where the event has it as text; text is compared with its letter case, true and false without.',
  takes: { value: 'any value, or a list: one of its values', wanted: 'value, or a list of them' },
  gives: 'boolean; false if the value is missing',
  examples: [
    { call: 'utils.equals("4688", 4688)', gives: true },
    { call: 'utils.equals(1.0, [1, 2])', gives: true },
    { call: 'utils.equals("0x1", 1)', gives: false },
    { call: 'utils.equals("True", true)', gives: true },
    { call: 'utils.equals("A", "a")', gives: false },
  ],
  prepare: (wanted) => {
    const tests = (Array.isArray(wanted) ? wanted : [wanted]).map(testOf);
    const ask = (value: unknown, depth: number): boolean =>
      Array.isArray(value)
        ? depth < 64 && value.some((one) => ask(one, depth + 1))
        : tests.some((test) => test(value));
    return (value) => ask(value, 0);
  },
});

function testOf(wanted: unknown): (value: unknown) => boolean {
  if (typeof wanted === 'number') return (value) => decimalOf(value) === wanted;
  if (typeof wanted === 'boolean')
    return (value) =>
      value === wanted || (typeof value === 'string' && value.toLowerCase() === String(wanted));
  return (value) => typeof wanted === 'string' && value === wanted;
}
