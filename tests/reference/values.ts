import type { Json, Path } from '../../packages/core/src/plan/json.ts';
import { isObject, valueAt } from './paths.ts';

/** An event as rule code sees it: only its paths can be read. */
export interface EventValue {
  readonly isEvent: true;
  get(path: Path): Json | undefined;
  /** A private, plain copy. */
  whole(): Json;
}

/** Thrown by a call on undefined or null: the whole call of the clause is no match, and no error. */
export const NO_MATCH = { noMatch: true } as const;

/** What rule code did wrong. */
export class RuleCodeError extends Error {}

export function isEventValue(value: unknown): value is EventValue {
  return (
    typeof value === 'object' && value !== null && (value as { isEvent?: unknown }).isEvent === true
  );
}

/** Reads steps one after the other from a value; undefined if there is nothing. Never a prototype's property. */
export function readSteps(root: unknown, steps: readonly (string | number)[]): unknown {
  if (steps.length === 0) return root;
  if (isEventValue(root)) return readEvent(root, steps);
  const [step] = steps;
  if (typeof root === 'string' || Array.isArray(root))
    return readSteps(readElement(root, step!), steps.slice(1));
  if (!isObject(root as Json)) return undefined;
  const names = leadingNames(steps);
  const found = valueAt(root as Json, names);
  if (found !== undefined) return readSteps(found, steps.slice(names.length));
  return Object.hasOwn(root as object, String(step))
    ? readSteps((root as { [name: string]: unknown })[String(step)], steps.slice(1))
    : undefined;
}

function readEvent(event: EventValue, steps: readonly (string | number)[]): unknown {
  // `event.fields` is the event itself.
  if (steps[0] === 'fields') return readSteps(event, steps.slice(1));
  const names = leadingNames(steps);
  for (let taken = names.length; taken > 0; taken--) {
    const found = event.get(names.slice(0, taken));
    if (found !== undefined) return readSteps(found, steps.slice(taken));
  }
  return undefined;
}

function leadingNames(steps: readonly (string | number)[]): string[] {
  const end = steps.findIndex((step) => typeof step === 'number');
  return (end < 0 ? steps : steps.slice(0, end)).map(String);
}

function readElement(list: string | readonly unknown[], step: string | number): unknown {
  if (step === 'length') return list.length;
  const index = typeof step === 'number' ? step : /^\d+$/.test(step) ? Number(step) : -1;
  return list[index];
}

const STRING_METHODS = [
  'at',
  'charAt',
  'charCodeAt',
  'codePointAt',
  'concat',
  'endsWith',
  'includes',
  'indexOf',
  'lastIndexOf',
  'padEnd',
  'padStart',
  'repeat',
  'replace',
  'replaceAll',
  'slice',
  'split',
  'startsWith',
  'substring',
  'toLowerCase',
  'toString',
  'toUpperCase',
  'trim',
  'trimEnd',
  'trimStart',
];
const ARRAY_METHODS = [
  'at',
  'concat',
  'entries',
  'every',
  'filter',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'flat',
  'flatMap',
  'forEach',
  'includes',
  'indexOf',
  'join',
  'keys',
  'lastIndexOf',
  'map',
  'pop',
  'push',
  'reduce',
  'reduceRight',
  'reverse',
  'slice',
  'some',
  'sort',
  'toReversed',
  'toSorted',
  'values',
  'with',
];
const COPIES: Readonly<Record<string, string>> = { sort: 'toSorted', reverse: 'toReversed' };
const NUMBER_METHODS = ['toFixed', 'toPrecision', 'toString'];

/** `receiver.name(…)`. Of lists that are not the rule's own `sort` and `reverse` give a new one. */
export function callMethod(receiver: unknown, name: string, args: readonly unknown[]): unknown {
  if (receiver === undefined || receiver === null) throw NO_MATCH;
  if (typeof receiver === 'string')
    return call(receiver, String.prototype, STRING_METHODS, name, args);
  if (typeof receiver === 'number')
    return call(receiver, Number.prototype, NUMBER_METHODS, name, args);
  if (!Array.isArray(receiver)) {
    if (isEventValue(receiver) && readSteps(receiver, [name]) === undefined) throw NO_MATCH;
    throw new RuleCodeError(`${name} is not a function here`);
  }
  const renamed = (Object.isFrozen(receiver) ? COPIES[name] : undefined) ?? name;
  const result = call(receiver, Array.prototype, ARRAY_METHODS, renamed, args);
  return typeof result === 'object' && result !== null && Symbol.iterator in result
    ? [...(result as unknown[])]
    : result;
}

function call(
  receiver: unknown,
  prototype: object,
  allowed: readonly string[],
  name: string,
  args: readonly unknown[],
): unknown {
  if (!allowed.includes(name)) throw new RuleCodeError(`there is no method ${name}`);
  const method = (prototype as { readonly [name: string]: (...args: unknown[]) => unknown })[name]!;
  return method.apply(receiver, [...args]);
}

/** What a rule returned as plain data: events become copies, numbers that JSON cannot say their text. */
export function plainFrom(value: unknown): Json | undefined {
  if (isEventValue(value)) return value.whole();
  if (Array.isArray(value)) return Object.freeze(value.map((one) => plainFrom(one) ?? null));
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value);
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return undefined;
  const fields: [string, Json][] = [];
  for (const [name, field] of Object.entries(value)) {
    const plain = plainFrom(field);
    if (plain !== undefined) fields.push([name, plain]);
  }
  return Object.fromEntries(fields);
}
