import type { AnyNode, CallExpression } from 'acorn';
import type { Json } from '../../packages/core/src/plan/json.ts';
import { numberOf } from '../../packages/core/src/plan/number-of.ts';
import { callFunction, evaluateForEvent } from './code.ts';
import type { SeenEvent } from './events.ts';
import { deviationOf, sumOf } from './exact.ts';
import { keyTextOf } from './paths.ts';
import { plainFrom } from './values.ts';

const FUNCTIONS = [
  'count',
  'distinct',
  'sum',
  'avg',
  'min',
  'max',
  'stddev',
  'percentile',
  'first',
  'last',
  'rate',
  'values',
  'top',
  'previous',
];

/** Events of a window in event order, each with the time that it has for the rule, ms. */
export interface Windowed {
  readonly event: SeenEvent;
  readonly at: number;
}

export interface WindowFacts {
  /** Milliseconds that `rate()` counts over; null: from first to last event, at least a second. */
  readonly rateMs: number | null;
  /** The key's window one slide earlier; null: it had no events, or windows of this kind have none before. */
  readonly previous: readonly Windowed[] | null;
}

/** The aggregate that a call names, in small letters; undefined if it is another call. */
export function aggregateName(node: AnyNode): string | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return undefined;
  const name = node.callee.name.toLowerCase();
  return FUNCTIONS.includes(name) ? name : undefined;
}

/** The value of an aggregate over the events of a window. */
export function aggregate(
  node: CallExpression,
  events: readonly Windowed[],
  facts: WindowFacts,
): Json | undefined {
  const args = node.arguments as AnyNode[];
  const values = (): (Json | undefined)[] => events.map(({ event }) => argumentOf(args[0]!, event));
  const numbers = (): number[] =>
    values()
      .map(numberOf)
      .filter((number) => number !== undefined);
  switch (aggregateName(node)) {
    case 'count':
      return args.length === 0
        ? events.length
        : events.filter(({ event }) => argumentOf(args[0]!, event)).length;
    case 'distinct':
      return distinct(events, args);
    case 'sum':
      return sumOf(numbers());
    case 'avg':
      return numbers().length === 0 ? undefined : sumOf(numbers()) / numbers().length;
    case 'min':
      return numbers().length === 0 ? undefined : numbers().reduce((a, b) => (b < a ? b : a));
    case 'max':
      return numbers().length === 0 ? undefined : numbers().reduce((a, b) => (b > a ? b : a));
    case 'stddev':
      return numbers().length === 0 ? undefined : deviationOf(numbers());
    case 'percentile':
      return percentile(numbers(), numberIn(args[1]!));
    case 'first':
      return values().find((value) => value !== undefined);
    case 'last':
      return values().findLast((value) => value !== undefined);
    case 'rate':
      return events.length / (spanMs(events, facts.rateMs) / 1000);
    case 'top':
      return mostFrequent(values()).slice(0, numberIn(args[1]!));
    case 'values':
      return differentValues(values()).slice(0, numberIn(args[1]!));
    case 'previous':
      return facts.previous === null
        ? undefined
        : aggregate(args[0] as CallExpression, facts.previous, { ...facts, previous: null });
    default:
      throw new Error('this is not an aggregate');
  }
}

/** A name is a field; all else is code over `event`. What throws gives nothing. */
function argumentOf(node: AnyNode, event: SeenEvent): Json | undefined {
  const path = fieldPath(node);
  if (path !== null) return event.get(path);
  const isFunction = node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression';
  const outcome = isFunction
    ? callFunction({ tree: node }, [event])
    : evaluateForEvent(node, event, false);
  return 'value' in outcome ? plainFrom(outcome.value) : undefined;
}

const NOT_FIELDS = ['event', 'utils', 'Math', 'undefined', 'NaN', 'Infinity'];

/** `user`, `http.status`: the path of a field; null for other code. */
export function fieldPath(node: AnyNode): string[] | null {
  if (node.type === 'Identifier') return NOT_FIELDS.includes(node.name) ? null : [node.name];
  if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier')
    return null;
  const before = fieldPath(node.object as AnyNode);
  return before === null ? null : [...before, node.property.name];
}

/** Number of different combinations; one with a missing part is left out. */
function distinct(events: readonly Windowed[], args: readonly AnyNode[]): number {
  const combinations = new Set<string>();
  for (const { event } of events) {
    const texts = args.map((arg) => keyTextOf(argumentOf(arg, event), []));
    if (!texts.includes(null)) combinations.add(JSON.stringify(texts));
  }
  return combinations.size;
}

/** Values that compare as different keys, by how often they occur; of equals the first one first. */
function mostFrequent(values: readonly (Json | undefined)[]): Json[] {
  const countOf = (wanted: Json): number =>
    values.filter((value) => keyTextOf(value, []) === keyTextOf(wanted, [])).length;
  return differentValues(values).toSorted((a, b) => countOf(b) - countOf(a));
}

/** The first of each of the values that compare as different keys. */
function differentValues(values: readonly (Json | undefined)[]): Json[] {
  const found = new Map<string, Json>();
  for (const value of values) {
    const text = keyTextOf(value, []);
    if (text !== null && !found.has(text)) found.set(text, value!);
  }
  return [...found.values()];
}

function spanMs(events: readonly Windowed[], rateMs: number | null): number {
  return rateMs ?? Math.max(1000, events.at(-1)!.at - events[0]!.at);
}

const GAMMA = 1.01 / 0.99;

/** Each number is taken for the middle of its bucket; buckets are 2 % wide, so it is off by 1 % at most. */
function percentile(numbers: readonly number[], p: number): number | undefined {
  const rank = Math.max(1, Math.ceil((p / 100) * numbers.length));
  return numbers.map(middleOfBucket).toSorted((a, b) => a - b)[rank - 1];
}

function middleOfBucket(value: number): number {
  if (value === 0) return 0;
  const bucket = Math.ceil(Math.log(Math.abs(value)) / Math.log(GAMMA));
  const middle = (2 * GAMMA ** bucket) / (GAMMA + 1);
  return value < 0 ? -middle : middle;
}

function numberIn(node: AnyNode): number {
  if (node.type === 'Literal' && typeof node.value === 'number') return node.value;
  throw new Error('the second argument is a number');
}
