// Promises of this file (each tested with hostile code in language/code/hostile.test.ts):
//   P1  No prototype, constructor, native function or global reaches rule code.
//   P2  Nothing that an event holds is called; reads see own properties only.
//   P3  Reading a property of a missing value gives undefined; calling a method of one is "no match".
import { readerMark, type EventReader } from '../plan/event-reader.ts';
import type { Json, Path } from '../plan/json.ts';
import { valueAtPath } from '../plan/path-value.ts';
import { arrayMethods, numberMethods, stringMethods, type Method } from './methods.ts';
import { noMatch } from './no-match.ts';
import { libraryByName, runsOf } from './index.ts';

/** What generated code may throw of its own: shown to the rule's author. */
export class RuleFailure extends Error {}

const fail = (message: string): never => {
  throw new RuleFailure(message);
};

type Fields = Record<string, unknown>;
type Callable = (...values: unknown[]) => unknown;

const isReader = (value: unknown): value is EventReader =>
  typeof value === 'object' &&
  value !== null &&
  (value as Partial<EventReader>)[readerMark] === true;

const WRITES_REFUSED = new Set(['__proto__', 'constructor', 'prototype']);

function nameOf(name: unknown): string {
  if (typeof name === 'string') return name;
  if (typeof name === 'object' || typeof name === 'function' || typeof name === 'symbol')
    return fail('the name of a field must be text or a number');
  return String(name);
}

function get(value: unknown, name: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || Array.isArray(value)) {
    if (name === 'length') return value.length;
    const index = typeof name === 'number' ? name : Number(nameOf(name));
    return Number.isInteger(index) && index >= 0 && index < value.length ? value[index] : undefined;
  }
  if (typeof value !== 'object') return undefined;
  // `event.fields` is the event itself.
  if (isReader(value)) return name === 'fields' ? value : value.at([nameOf(name)]);
  const key = nameOf(name);
  return Object.hasOwn(value, key) ? (value as Fields)[key] : undefined;
}

/** A chain of names from a value that may be an event: events are read by path, other values step by step. */
function path(value: unknown, steps: Path): unknown {
  let at = value;
  for (let i = 0; i < steps.length; i++) {
    if (isReader(at)) {
      const rest = steps.slice(steps[i] === 'fields' ? i + 1 : i);
      return rest.length === 0 ? at : at.at(rest);
    }
    at = get(at, steps[i]);
  }
  return at;
}

/** `event.a.b` in SINK, where the event is a plain copy. */
const read = (value: unknown, steps: Path): unknown => valueAtPath(value as Json, steps);

/** `event.a.length`: a field of that name, else the length of what `event.a` is. */
function lengthOr(field: unknown, value: unknown): unknown {
  return field !== undefined ? field : get(value, 'length');
}

function has(value: unknown, name: unknown): boolean {
  if (isReader(value)) return value.at([nameOf(name)]) !== undefined;
  if (Array.isArray(value)) return get(value, name) !== undefined;
  return typeof value === 'object' && value !== null
    ? Object.hasOwn(value, nameOf(name))
    : fail('`in` asks an object or a list');
}

function set(value: unknown, name: unknown, to: unknown): unknown {
  if (typeof value !== 'object' || value === null)
    return fail('only objects and lists have fields to set');
  if (isReader(value)) return fail('events are read-only here');
  if (Object.isFrozen(value)) return fail('this value is read-only');
  const key = nameOf(name);
  if (WRITES_REFUSED.has(key)) return fail(`a field may not be called ${key}`);
  if (Array.isArray(value) && !(/^\d{1,7}$/.test(key) && Number(key) <= value.length))
    return fail('lists grow one element at a time');
  (value as Fields)[key] = to;
  return to;
}

function modify(value: unknown, name: unknown, change: (old: unknown) => unknown): unknown {
  return set(value, name, change(get(value, name)));
}

function modifyAfter(value: unknown, name: unknown, change: (old: unknown) => unknown): unknown {
  const old = get(value, name);
  set(value, name, change(old));
  return Number(old);
}

function methodsOf(value: unknown): ReadonlyMap<string, Method> | undefined {
  if (typeof value === 'string') return stringMethods;
  if (Array.isArray(value)) return arrayMethods;
  return typeof value === 'number' ? numberMethods : undefined;
}

function call(value: unknown, name: string, ...values: unknown[]): unknown {
  if (value === undefined || value === null) throw noMatch;
  const method = methodsOf(value)?.get(name);
  if (method !== undefined) return method(value as never, ...(values as never[]));
  return fail(`${kindOf(value)} has no method ${name}`);
}

const kindOf = (value: unknown): string =>
  typeof value === 'string'
    ? 'a text'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;

function invoke(value: unknown, ...values: unknown[]): unknown {
  if (value === undefined || value === null) throw noMatch;
  return typeof value === 'function'
    ? (value as Callable)(...values)
    : fail(`${kindOf(value)} is not a function`);
}

/** `a?.b`: what follows is left out where there is nothing. */
const opt = (value: unknown, next: (value: unknown) => unknown): unknown =>
  value === undefined || value === null ? undefined : next(value);

/** A computed name in an object literal. */
function key(value: unknown): string {
  const name = nameOf(value);
  return WRITES_REFUSED.has(name) ? fail(`a field may not be called ${name}`) : name;
}

const isPrimitive = (value: unknown): boolean =>
  value === null || (typeof value !== 'object' && typeof value !== 'function');

/** `+`: of objects it would make text that nobody means. */
function add(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (isPrimitive(left) && isPrimitive(right)) return (left as string) + (right as string);
  return fail('+ takes text and numbers');
}

/** The value of a template's hole. */
const text = (value: unknown): string =>
  isPrimitive(value) ? String(value) : fail('a template takes text and numbers');

function iterate(value: unknown): Iterable<unknown> {
  if (Array.isArray(value) || typeof value === 'string') return value;
  if (value === undefined || value === null) throw noMatch;
  return fail(`${kindOf(value)} cannot be gone through with for … of`);
}

function keys(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const plain = isReader(value) ? value.whole() : value;
  return typeof plain === 'object' ? Object.keys(plain as object) : [];
}

const entries = (value: unknown): unknown[] => keys(value).map((name) => [name, get(value, name)]);
const values = (value: unknown): unknown[] => keys(value).map((name) => get(value, name));

function spreadList(value: unknown): unknown[] {
  return Array.isArray(value) ? [...(value as unknown[])] : [...iterate(value)];
}

function spreadFields(value: unknown): Fields {
  if (value === undefined || value === null) return {};
  const plain = isReader(value) ? value.whole() : value;
  return typeof plain === 'object' && !Array.isArray(plain) ? { ...(plain as Fields) } : {};
}

/** What a pattern takes out of a value by `...rest`. */
function restOf(value: unknown, taken: readonly string[]): Fields {
  return Object.fromEntries(
    Object.entries(spreadFields(value)).filter(([name]) => !taken.includes(name)),
  );
}

/** A function of the library made ready for constants, once when the rule is. */
const prepare = (name: string, ...constants: unknown[]): ((value: unknown) => unknown) =>
  libraryByName.get(name)!.prepare!(...constants);

/** A test for one pattern; texts, numbers and booleans can match, and lists of them. */
const pattern = (source: string, flags: string): ((value: unknown) => unknown) =>
  prepare('find', source, flags);

/** JSON of a plain value; functions are left out, as in JavaScript. */
function json(value: unknown): string | undefined {
  const made = JSON.stringify(isReader(value) ? value.whole() : value, (_name, part: unknown) =>
    isReader(part) ? part.whole() : part,
  );
  return made;
}

const round = {
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  trunc: Math.trunc,
  abs: Math.abs,
  sign: Math.sign,
};
const more = {
  sqrt: Math.sqrt,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  exp: Math.exp,
  pow: Math.pow,
  min: Math.min,
  max: Math.max,
};

/** By name as generated code calls them: `H.f.Math_floor(x)`. Their values never reach rule code, only their results. */
const globals: Readonly<Record<string, Callable>> = Object.freeze({
  ...Object.fromEntries(
    Object.entries({ ...round, ...more }).map(([name, run]) => [`Math_${name}`, run as Callable]),
  ),
  Object_keys: keys,
  Object_values: values,
  Object_entries: entries,
  Array_isArray: (value: unknown) => Array.isArray(value),
  JSON_stringify: (value: unknown) => json(value),
  Number: (value: unknown) => (isPrimitive(value) ? Number(value) : Number.NaN),
  Number_isInteger: (value: unknown) => Number.isInteger(value),
  Number_isFinite: (value: unknown) => Number.isFinite(value),
  Number_isNaN: (value: unknown) => Number.isNaN(value),
  String: text,
  Boolean: (value: unknown) => Boolean(value),
  parseInt: (value: unknown, radix: unknown) =>
    Number.parseInt(text(value), typeof radix === 'number' ? radix : undefined),
  parseFloat: (value: unknown) => Number.parseFloat(text(value)),
  isNaN: (value: unknown) => !isPrimitive(value) || Number.isNaN(Number(value)),
  isFinite: (value: unknown) => isPrimitive(value) && Number.isFinite(Number(value)),
});

/** The functions and constants of JavaScript that rules may use, by the words they write. */
export const globalNames: ReadonlySet<string> = new Set(Object.keys(globals));
export const globalConstants: Readonly<Record<string, number>> = Object.freeze({
  Math_PI: Math.PI,
  Math_E: Math.E,
  Number_MAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  Number_MIN_SAFE_INTEGER: Number.MIN_SAFE_INTEGER,
});

/** `H` of generated code (plan.ts, CodePlan). */
export const ruleLibrary = Object.freeze({
  get,
  path,
  read,
  lengthOr,
  has,
  opt,
  key,
  set,
  modify,
  modifyAfter,
  call,
  invoke,
  add,
  text,
  iterate,
  keys,
  spreadList,
  spreadFields,
  restOf,
  pattern,
  prepare,
  f: globals,
  u: runsOf,
});
