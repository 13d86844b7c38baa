import { globalConstants, globalNames } from '../../functions/rule-library.ts';

/** Names that lead out of the data, refused in any spelling. */
export const refusedNames: ReadonlySet<string> = new Set([
  'constructor',
  '__proto__',
  'prototype',
  'caller',
  'callee',
  'arguments',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
]);

/**
 * Names that a value may have without holding them. Reading one of these goes through the library, which looks at own
 * fields only. What newer JavaScript adds is found where the compiler runs; the list is for one that runs elsewhere.
 */
export const inheritedNames: ReadonlySet<string> = new Set([
  ...refusedNames,
  ...[
    'name',
    'length',
    'get',
    'at',
    'whole',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'toJSON',
    'then',
  ],
  ...[Object, Function, Array, String, Number, Boolean].flatMap((one) => [
    ...Object.getOwnPropertyNames(one.prototype),
    ...Object.getOwnPropertyNames(Object.getPrototypeOf(one.prototype) ?? {}),
  ]),
]);

export const NODES_MAX = 4000;
export const DEPTH_MAX = 64;

/** Objects whose functions and constants are known one by one: `Math.min`, `Object.keys`. */
export const namespaces: ReadonlySet<string> = new Set([
  'Math',
  'Object',
  'Array',
  'JSON',
  'Number',
]);

export const isGlobalFunction = (name: string): boolean => globalNames.has(name);
export const globalConstant = (name: string): number | undefined =>
  Object.hasOwn(globalConstants, name) ? globalConstants[name] : undefined;

export const binaryOperators: ReadonlySet<string> = new Set([
  '==',
  '!=',
  '===',
  '!==',
  '<',
  '>',
  '<=',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '**',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '>>>',
  'in',
]);
export const unaryOperators: ReadonlySet<string> = new Set(['-', '+', '!', '~', 'typeof']);

/** What is said of node types that rules may not have. */
export const refusals: Readonly<Record<string, string>> = {
  ThisExpression: '`this` is nothing in a rule',
  NewExpression: '`new` makes objects with behaviour; rules work on plain values',
  ClassExpression: 'rules have no classes',
  ClassDeclaration: 'rules have no classes',
  AwaitExpression: 'rules do not wait',
  YieldExpression: 'rules do not wait',
  ImportExpression: 'rules have no modules',
  MetaProperty: 'rules have no modules',
  Super: 'rules have no classes',
  TaggedTemplateExpression: 'templates with a tag call functions in a hidden way',
  TryStatement: 'rules do not catch what is thrown: it ends the call',
  WithStatement: '`with` hides what a name means',
  LabeledStatement: 'rules have no labels',
  DebuggerStatement: 'rules are not stepped through',
  SequenceExpression: 'a comma hides what a value is',
};
