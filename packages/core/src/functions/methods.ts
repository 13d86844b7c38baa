import { listMethods } from './list-methods.ts';
import { noMatch } from './no-match.ts';
import { fail, kindOf } from './rule-failure.ts';
import { numberMethods, textMethods } from './text-methods.ts';

/** A method as a function of its receiver. Only what is listed in these files can be called on text, lists and numbers. */
type Method = (receiver: unknown, ...values: unknown[]) => unknown;
type Methods = Readonly<Record<string, (receiver: never, ...values: never[]) => unknown>>;

/** Every method that can be called on something: the compiler refuses other names with a guess at what was meant. */
export const methodNames: ReadonlySet<string> = new Set(
  [textMethods, listMethods, numberMethods].flatMap((methods) => Object.keys(methods)),
);

/** Methods that call functions of the rule. */
export const callingMethods: ReadonlySet<string> = new Set([
  ...[
    'filter',
    'map',
    'flatMap',
    'some',
    'every',
    'find',
    'findLast',
    'findIndex',
    'findLastIndex',
  ],
  ...['forEach', 'reduce', 'sort', 'toSorted'],
]);

function missing(receiver: unknown, name: string): never {
  if (receiver === undefined || receiver === null) throw noMatch;
  return fail(`${kindOf(receiver)} has no method ${name}`);
}

const methodOf = (methods: Methods, name: string): Method | undefined =>
  Object.hasOwn(methods, name) ? (methods[name] as Method) : undefined;

/** Chooses by what the receiver is. Up to two values are handed on without a list of them being made. */
function dispatching(name: string): Method {
  const ofText = methodOf(textMethods, name);
  const ofList = methodOf(listMethods, name);
  const ofNumber = methodOf(numberMethods, name);
  const choose = (receiver: unknown): Method => {
    if (typeof receiver === 'string' && ofText !== undefined) return ofText;
    if (ofList !== undefined && Array.isArray(receiver)) return ofList;
    if (typeof receiver === 'number' && ofNumber !== undefined) return ofNumber;
    return missing(receiver, name);
  };
  if (VARIADIC.has(name)) return (receiver, ...values) => choose(receiver)(receiver, ...values);
  return (receiver, first, second) => choose(receiver)(receiver, first, second);
}

const VARIADIC = new Set(['reduce', 'lastIndexOf', 'concat', 'push', 'unshift']);

/** Each by its name, as generated code calls it: `H.m.slice(x, 1)`. */
export const methods: Readonly<Record<string, Method>> = Object.freeze(
  Object.fromEntries([...methodNames].map((name) => [name, dispatching(name)])),
);
