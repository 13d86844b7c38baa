// JavaScript's conversions and comparisons as rules have them. They never call what a value holds (`toString`,
// `valueOf`), and charge before they read a text or a list. Source: ECMA-262, section 7.1 and 7.2.
import { readerMark, type EventReader } from '../plan/event-reader.ts';
import { charge, grow, joined, read, touch, write } from './budget.ts';
import { fail, kindOf } from './rule-failure.ts';

const DEPTH_MAX = 64;

export const isReader = (value: unknown): value is EventReader =>
  typeof value === 'object' &&
  value !== null &&
  (value as Partial<EventReader>)[readerMark] === true;

export const isPrimitive = (value: unknown): boolean =>
  value === null || (typeof value !== 'object' && typeof value !== 'function');

/** The text of a primitive, which a template or `String` gives. Others are refused: nobody means theirs. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isPrimitive(value)) return fail('a template takes text and numbers');
  if (typeof value === 'number' && !Number.isInteger(value)) {
    charge(1);
    grow(40);
  }
  return String(value);
}

/** The text that a method is given. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isPrimitive(value)) throw new TypeError(`a text is needed here, not ${kindOf(value)}`);
  return String(value);
}

/** The elements' texts, one after the other, as `join` gives them. */
export function listText(list: readonly unknown[], by: string, depth = 0): string {
  if (depth > DEPTH_MAX) return fail(`a list is nested deeper than ${DEPTH_MAX}`);
  charge(1 + list.length);
  grow(64 + list.length * 80);
  const parts: string[] = [];
  let length = Math.max(0, list.length - 1) * by.length;
  for (let i = 0; i < list.length; i++) {
    const element = list[i];
    const part =
      element === undefined || element === null
        ? ''
        : Array.isArray(element)
          ? listText(element, ',', depth + 1)
          : plainText(element);
    length += part.length;
    touch(part.length);
    parts.push(part);
  }
  read(length);
  write(length);
  return parts.join(by);
}

/** What an object is where a primitive is needed: a list its text, an object what all objects are. */
function primitiveOf(value: unknown): unknown {
  if (isPrimitive(value)) return value;
  if (Array.isArray(value)) return listText(value, ',');
  if (typeof value === 'function') return fail('a function is no text and no number');
  const isPlain =
    !Object.hasOwn(value as object, 'toString') && !Object.hasOwn(value as object, 'valueOf');
  return isReader(value) || isPlain
    ? '[object Object]'
    : fail('this object is no text and no number');
}

/** Its number, as `-`, `*` and all arithmetic take it. */
export function number(value: unknown): number {
  if (typeof value === 'number') return value;
  const primitive = primitiveOf(value);
  readCompared(primitive);
  return Number(primitive);
}

/** A text that perhaps is made a number, which takes as long as it has digits. */
function readCompared(primitive: unknown): void {
  if (typeof primitive !== 'string') return;
  if (primitive.length > 20) charge(2);
  read(primitive.length);
}

/** A place or a count that a method is given; undefined: none was. */
export const whole = (value: unknown): number | undefined =>
  value === undefined || typeof value === 'number' ? value : number(value);

/** `===`. */
export function same(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') {
    if (left.length !== right.length) return false;
    read(left.length);
    touch(right.length);
  }
  return left === right;
}

/** `==`. */
export function equal(left: unknown, right: unknown): boolean {
  if (typeof left === typeof right) {
    if (left === null || right === null) return left === right;
    return same(left, right);
  }
  if (left === undefined || left === null || right === undefined || right === null)
    // oxlint-disable-next-line eqeqeq
    return left == right;
  // oxlint-disable-next-line eqeqeq
  return ordered(left) == ordered(right);
}

/** What is put in order with another value: charged, and made a number or a text by JavaScript. */
function ordered(value: unknown): never {
  const primitive = primitiveOf(value);
  readCompared(primitive);
  return primitive as never;
}

export const less = (left: unknown, right: unknown): boolean => ordered(left) < ordered(right);
export const atMost = (left: unknown, right: unknown): boolean => ordered(left) <= ordered(right);
export const more = (left: unknown, right: unknown): boolean => ordered(left) > ordered(right);
export const atLeast = (left: unknown, right: unknown): boolean => ordered(left) >= ordered(right);

/** `+`: of objects it would make text that nobody means. */
export function add(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (!isPrimitive(left) || !isPrimitive(right)) return fail('+ takes text and numbers');
  if (typeof left !== 'string' && typeof right !== 'string') return Number(left) + Number(right);
  // Not by a list: until V8 has optimised this, it would cost more than the texts.
  const a = String(left);
  const b = String(right);
  joined(a.length + b.length);
  return a + b;
}

/** A template's text, which was just made. */
export function template(made: string): string {
  joined(made.length);
  return made;
}
