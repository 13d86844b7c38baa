// Promises of this file (each tested with hostile code in language/code/hostile.test.ts):
//   P1  No prototype, constructor, native function or global reaches rule code.
//   P2  Nothing that an event holds is called; reads see own properties only.
//   P3  Reading a property of a missing value gives undefined; calling a method of one is "no match".
import type { Json, Path } from '../plan/json.ts';
import { valueAtPath } from '../plan/path-value.ts';
import {
  begin,
  charge,
  grow,
  left,
  list,
  out,
  outOfLeaf,
  read as readText,
  SHORT_TEXT,
  touch,
} from './budget.ts';
import {
  add,
  atLeast,
  atMost,
  equal,
  isReader,
  less,
  more as moreThan,
  number,
  same,
  template,
  text,
} from './conversions.ts';
import { libraryByName, runsOf } from './index.ts';
import { jsonText } from './json-writer.ts';
import { chargeCall, chargeValue, chargeWholeCall, OF_PATTERNS } from './library-charges.ts';
import { CHARGED, CHARGED_LASTING } from './patterns.ts';
import { ELEMENT_BYTES, elementsOf, joinedLists, spread } from './list-methods.ts';
import { methods } from './methods.ts';
import { noMatch } from './no-match.ts';
import { fail, kindOf } from './rule-failure.ts';

export { RuleFailure } from './rule-failure.ts';

type Fields = Record<string, unknown>;
type Callable = (...values: unknown[]) => unknown;

const WRITES_REFUSED = new Set(['__proto__', 'constructor', 'prototype']);
/** What one more field costs an object at most: its place, doubled, and what was copied to make room. */
const FIELD_BYTES = 280;

function nameOf(name: unknown): string {
  if (typeof name === 'string') {
    if (name.length > SHORT_TEXT) {
      readText(name.length);
      grow(name.length * 2);
    }
    return name;
  }
  if (typeof name === 'object' || typeof name === 'function' || typeof name === 'symbol')
    return fail('the name of a field must be text or a number');
  if (typeof name === 'number' && !Number.isInteger(name)) {
    // Made a text, and looked for among all names that there are.
    charge(2);
    grow(96);
  }
  return String(name);
}

function element(of: string | readonly unknown[], name: unknown): unknown {
  if (name === 'length') return of.length;
  const index = typeof name === 'number' ? name : indexOf(nameOf(name));
  if (!(Number.isInteger(index) && index >= 0 && index < of.length)) return undefined;
  if (typeof of === 'string') touch(of.length);
  return of[index];
}

/** The place that a text names, only as JavaScript writes it: `"1"`, not `"01"` or `""`. */
const indexOf = (name: string): number =>
  /^(?:0|[1-9]\d{0,9})$/.test(name) ? Number(name) : Number.NaN;

function get(value: unknown, name: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || Array.isArray(value)) return element(value, name);
  if (typeof value !== 'object') return undefined;
  // `event.fields` is the event itself.
  if (isReader(value)) return name === 'fields' ? value : value.at([nameOf(name)]);
  const key = nameOf(name);
  const held = key === '__proto__' ? get : (value as Fields)[key];
  // What objects inherit is functions, but for that one name.
  if (typeof held !== 'function') return held;
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
  if (!Object.isExtensible(value)) return fail('this value is read-only');
  if (Array.isArray(value)) return setElement(value, name, to);
  const key = nameOf(name);
  if (WRITES_REFUSED.has(key)) return fail(`a field may not be called ${key}`);
  if (!Object.hasOwn(value, key)) {
    charge(1);
    // A name that was put together is copied into one piece, to be found again.
    grow(FIELD_BYTES + key.length * 8);
  }
  (value as Fields)[key] = to;
  return to;
}

function setElement(value: unknown[], name: unknown, to: unknown): unknown {
  const index = typeof name === 'number' ? name : indexOf(nameOf(name));
  if (!(Number.isInteger(index) && index >= 0 && index <= value.length))
    return fail('lists grow one element at a time');
  if (index === value.length) {
    charge(1);
    grow(ELEMENT_BYTES);
  }
  value[index] = to;
  return to;
}

function invoke(value: unknown): unknown {
  if (value === undefined || value === null) throw noMatch;
  return fail(`${kindOf(value)} is not a function`);
}

/** A computed name in an object literal. */
function key(value: unknown): string {
  const name = nameOf(value);
  return WRITES_REFUSED.has(name) ? fail(`a field may not be called ${name}`) : name;
}

function iterate(value: unknown): Iterable<unknown> {
  const elements = elementsOf(value);
  if (elements !== null) return elements;
  if (value === undefined || value === null) throw noMatch;
  return fail(`${kindOf(value)} cannot be gone through with for … of`);
}

/** What `for … of` goes through, as a list: a text by its characters. */
function listed(value: unknown): readonly unknown[] {
  const elements = iterate(value);
  return Array.isArray(elements) ? (elements as unknown[]) : spread(elements);
}

/** The object whose fields a value has; null: it has none. */
function fieldsOf(value: unknown): object | null {
  if (typeof value !== 'object' || value === null) return null;
  return isReader(value) ? (value.whole() as object | null) : value;
}

function namesOf(fields: object | null): string[] {
  if (fields === null) return [];
  if (Array.isArray(fields)) list(fields.length * 4);
  const names = Object.keys(fields);
  list(names.length);
  grow(64 + names.length * 8);
  return names;
}

const keys = (value: unknown): string[] => namesOf(fieldsOf(value));

function values(value: unknown): unknown[] {
  const fields = fieldsOf(value);
  const names = namesOf(fields);
  list(names.length);
  grow(128 + names.length * 16);
  return names.map((name) => (fields as Fields)[name]);
}

function entries(value: unknown): unknown[] {
  const fields = fieldsOf(value);
  const names = namesOf(fields);
  grow(64 + names.length * 128);
  return names.map((name) => [name, (fields as Fields)[name]]);
}

const spreadList = (value: unknown): unknown[] => spread(iterate(value));

/** As `spreadList`, for the values of a call. */
function spreadValues(value: unknown, most: number): unknown[] {
  const elements = iterate(value);
  if ((elements as string | readonly unknown[]).length > most)
    return fail(`no more than ${most} values may be spread out in this call`);
  return spread(elements);
}

/** What `...` puts into an object: the fields of an object or a list. */
function spreadFields(value: unknown): object {
  const fields = fieldsOf(value);
  if (fields === null) return {};
  const count = namesOf(fields).length;
  charge(count);
  grow(count * FIELD_BYTES);
  return fields;
}

/** What a pattern takes out of a value by `...rest`. */
function restOf(value: unknown, taken: readonly string[]): Fields {
  const fields = spreadFields(value) as Fields;
  const names = Object.keys(fields);
  charge((names.length * taken.length) >> 6);
  const rest = names.filter((name) => !taken.includes(name));
  grow(rest.length * (FIELD_BYTES + 200));
  return Object.fromEntries(rest.map((name) => [name, fields[name]]));
}

/** A function of the library made ready for constants, once when the rule is. */
function prepare(name: string, ...constants: unknown[]): (value: unknown) => unknown {
  const ready = libraryByName.get(name)!.prepare!(...withMode(name, constants, CHARGED_LASTING));
  const prepared = (value: unknown): unknown => {
    if (typeof value === 'string' && value.length <= SHORT_TEXT) return ready(value);
    begin();
    if (typeof value !== 'string') return ready(asked(value));
    touch(value.length);
    return ready(value);
  };
  readyOnes.set(prepared, ready);
  return prepared;
}

const readyOnes = new WeakMap<Callable, (value: unknown) => unknown>();

/** What is behind a function that was prepared: for short texts, which cost nothing to read. */
const readyOf = (prepared: Callable): ((value: unknown) => unknown) => readyOnes.get(prepared)!;

/** What a function of the library is given: an event as what it holds. What the rule made itself may be in pieces still. */
function asked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isReader(value)) return value.whole();
  if (!Object.isFrozen(value)) chargeValue(value);
  return value;
}

const held = (value: unknown): unknown => (isReader(value) ? value.whole() : value);

/** What patterns cost is charged where they are asked. */
const withMode = (name: string, constants: readonly unknown[], mode: symbol): readonly unknown[] =>
  OF_PATTERNS.has(name) ? [constants[0], constants[1], mode] : constants;

/** A test for one pattern; texts, numbers and booleans can match, and lists of them. */
const pattern = (source: string, flags: string): ((value: unknown) => unknown) =>
  prepare('find', source, flags);

/** What was prepared, for where it may be called often: each call is charged. */
const charged = (
  name: string,
  ready: (value: unknown) => unknown,
  ...constants: unknown[]
): ((value: unknown) => unknown) => {
  return (value) => {
    chargeCall(name, [value, ...constants]);
    return ready(value);
  };
};

/** Functions of the library whose last values are only known when they are called. */
const chargedRuns: Readonly<Record<string, Callable>> = Object.freeze(
  Object.fromEntries(
    Object.entries(runsOf).map(([name, run]) => [
      name,
      (...given: unknown[]) => {
        chargeWholeCall(name, given);
        return OF_PATTERNS.has(name)
          ? run(held(given[0]), ...withMode(name, given.slice(1), CHARGED))
          : run(...given.map(held));
      },
    ]),
  ),
);

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

/** A function of numbers, as of values that are none yet. */
const ofNumbers =
  (run: (...numbers: number[]) => number): Callable =>
  (...given) =>
    run(...given.map(number));

/** By name as generated code calls them: `H.f.Math_floor(x)`. Their values never reach rule code, only their results. */
const globals: Readonly<Record<string, Callable>> = Object.freeze({
  ...Object.fromEntries(
    Object.entries({ ...round, ...more }).map(([name, run]) => [`Math_${name}`, ofNumbers(run)]),
  ),
  Object_keys: keys,
  Object_values: values,
  Object_entries: entries,
  Array_isArray: (value: unknown) => Array.isArray(value),
  JSON_stringify: (value: unknown) => jsonText(value),
  Number: (...given: unknown[]) => (given.length === 0 ? 0 : number(given[0])),
  Number_isInteger: (value: unknown) => Number.isInteger(value),
  Number_isFinite: (value: unknown) => Number.isFinite(value),
  Number_isNaN: (value: unknown) => Number.isNaN(value),
  String: (...given: unknown[]) => (given.length === 0 ? '' : text(given[0])),
  Boolean: (value: unknown) => Boolean(value),
  parseInt: (value: unknown, radix: unknown) => {
    const from = text(value);
    readText(from.length);
    return Number.parseInt(from, radix === undefined ? undefined : number(radix));
  },
  parseFloat: (value: unknown) => {
    const from = text(value);
    readText(from.length);
    return Number.parseFloat(from);
  },
  isNaN: (value: unknown) => Number.isNaN(number(value)),
  isFinite: (value: unknown) => Number.isFinite(number(value)),
});

/** The functions and constants of JavaScript that rules may use, by the words they write. */
export const globalNames: ReadonlySet<string> = new Set(Object.keys(globals));
export const globalConstants: Readonly<Record<string, number>> = Object.freeze({
  Math_PI: Math.PI,
  Math_E: Math.E,
  Number_MAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
  Number_MIN_SAFE_INTEGER: Number.MIN_SAFE_INTEGER,
});

/** Functions that generated code gives numbers only. */
const ofNumbersOnly = Object.freeze({ ...round, ...more });

const operators = { number, add, equal, same, less, atMost, more: moreThan, atLeast };

/** The operators as code has them whose budget is armed when it is first needed. */
const late = Object.freeze(
  Object.fromEntries(
    Object.entries(operators as Readonly<Record<string, Callable>>).map(([name, run]) => [
      name,
      (first: unknown, second: unknown) => {
        begin();
        return run(first, second);
      },
    ]),
  ),
);

/** `H` of generated code (plan.ts, CodePlan). */
export const ruleLibrary = Object.freeze({
  left,
  out,
  outOfLeaf,
  get,
  path,
  read,
  lengthOr,
  has,
  key,
  set,
  invoke,
  ...operators,
  late,
  text,
  template,
  keys,
  listed,
  spreadList,
  spreadValues,
  joinedLists,
  spreadFields,
  restOf,
  pattern,
  prepare,
  ready: readyOf,
  charged,
  m: methods,
  f: globals,
  n: ofNumbersOnly,
  u: chargedRuns,
});
