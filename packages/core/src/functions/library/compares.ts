import { defineFunction, textOf } from '../define-function.ts';
import { decimalOf } from '../text-tests.ts';

const OPERATORS: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
};

export const compares = defineFunction({
  name: 'compares',
  summary:
    'Is the number above or below the limit? A number is also one where the event has it as text.',
  takes: {
    value: 'number or text, or a list: one of its values',
    operator: '">", ">=", "<" or "<="',
    limit: 'number',
  },
  gives: 'boolean; false if the value is missing or no number',
  examples: [
    { call: 'utils.compares("10", ">", 9)', gives: true },
    { call: 'utils.compares(undefined, "<", 9)', gives: false },
    { call: 'utils.compares("", "<", 9)', gives: false },
  ],
  prepare: (operator, limit) => {
    const name = textOf(operator) ?? '';
    const holds = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
    const than = decimalOf(limit);
    const ask = (value: unknown, depth: number): boolean =>
      Array.isArray(value)
        ? depth < 64 && value.some((one) => ask(one, depth + 1))
        : holds!(decimalOf(value), than);
    return holds === undefined ? () => false : (value) => ask(value, 0);
  },
});
