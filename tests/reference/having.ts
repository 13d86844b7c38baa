import type { AnyNode, CallExpression, Expression } from 'acorn';
import { fieldText, printCode } from '../../packages/core/src/language/code/print-code.ts';
import type { AggregateSyntax, Code } from '../../packages/core/src/language/epl/syntax.ts';
import { visit } from '../../packages/core/src/language/epl/visit.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import {
  aggregate,
  aggregateName,
  fieldPath,
  type Windowed,
  type WindowFacts,
} from './aggregates.ts';
import { callFunction, evaluateOver, isTrue, type Outcome } from './code.ts';
import { compareParts } from './order.ts';

/** What HAVING said of a window: never a falsy value. */
export interface Judged {
  readonly value: unknown;
  /** Values of the aggregates that it reads, by their canonical text. */
  readonly measures: Readonly<Record<string, Json>>;
}

export interface Judge {
  /** May a result be shown before its window has ended? Then `$at` is when it became true. */
  readonly isEarly: boolean;
  /** `events` in event order. null: false, or the code failed. */
  judge(events: readonly Windowed[], facts: WindowFacts): Judged | null;
}

export function judgeOf({ having, sort }: AggregateSyntax): Judge {
  if (having === null) return { isEarly: true, judge: () => ({ value: true, measures: {} }) };
  if (having.names !== 'function') return judgeByExpression(having.tree as AnyNode);
  const expression = countsOnly(having);
  if (expression !== null) return judgeByExpression(expression);
  return {
    isEarly: false,
    judge: (events) => judgedFrom(callFunction(having, [sorted(events, sort)]), {}),
  };
}

function judgedFrom(outcome: Outcome, measures: Judged['measures']): Judged | null {
  return isTrue(outcome) && 'value' in outcome ? { value: outcome.value, measures } : null;
}

function judgeByExpression(tree: AnyNode): Judge {
  const calls = aggregateCalls(tree);
  return {
    isEarly: isEarly(tree),
    judge(events, facts) {
      const values = new Map<AnyNode, Json | undefined>();
      const measures: Record<string, Json> = {};
      for (const call of calls) {
        const value = aggregate(call, events, facts);
        values.set(call, value);
        measures[aggregateText(call)] = value ?? null;
      }
      return judgedFrom(evaluateOver(tree, values), measures);
    },
  };
}

/** In the order of the text; what stands inside another aggregate is part of that. */
function aggregateCalls(tree: AnyNode): CallExpression[] {
  const calls: CallExpression[] = [];
  visit(tree, (node) => {
    if (aggregateName(node) !== undefined) calls.push(node as CallExpression);
  });
  const isInside = (a: CallExpression, b: CallExpression): boolean => a !== b && contains(b, a);
  return calls
    .filter((call) => !calls.some((other) => isInside(call, other)))
    .toSorted((a, b) => a.start - b.start);
}

function contains(outer: AnyNode, inner: AnyNode): boolean {
  let found = false;
  visit(outer, (node) => {
    if (node === inner) found = true;
  });
  return found;
}

/** `distinct(user, host)`: the same for all spellings. */
function aggregateText(call: CallExpression): string {
  const args = (call.arguments as AnyNode[]).map((arg) => {
    const path = fieldPath(arg) ?? eventPath(arg);
    if (path !== null) return fieldText(path);
    return aggregateName(arg) === undefined ? printCode(arg) : aggregateText(arg as CallExpression);
  });
  return `${aggregateName(call)}(${args.join(', ')})`;
}

/** `event.a["b"]`: the field `a.b`, as `a.b` alone is. */
function eventPath(node: AnyNode): string[] | null {
  if (node.type !== 'MemberExpression') return null;
  const { object, property, computed } = node;
  const isText = property.type === 'Literal' && typeof property.value === 'string';
  if (computed ? !isText : property.type !== 'Identifier') return null;
  const name =
    property.type === 'Identifier'
      ? property.name
      : String((property as { value?: unknown }).value);
  if (object.type === 'Identifier' && object.name === 'event') return [name];
  const before = eventPath(object as AnyNode);
  return before === null ? null : [...before, name];
}

/** Only `count`, `distinct` and `sum` compared with a number by > or >=, joined by && and ||; fields may follow. */
function isEarly(tree: AnyNode): boolean {
  if (
    tree.type === 'LogicalExpression' &&
    tree.operator === '&&' &&
    tree.right.type === 'ObjectExpression'
  )
    return isEarlyCondition(tree.left);
  return isEarlyCondition(tree);
}

function isEarlyCondition(tree: AnyNode): boolean {
  if (tree.type === 'LogicalExpression')
    return tree.operator !== '??' && isEarlyCondition(tree.left) && isEarlyCondition(tree.right);
  if (tree.type !== 'BinaryExpression') return false;
  const { left, operator, right } = tree;
  const isRising = (node: AnyNode): boolean =>
    ['count', 'distinct', 'sum'].includes(aggregateName(node) ?? '');
  if (operator === '>' || operator === '>=') return isRising(left as AnyNode) && isNumber(right);
  if (operator === '<' || operator === '<=') return isNumber(left as AnyNode) && isRising(right);
  return false;
}

const isNumber = (node: AnyNode): boolean =>
  node.type === 'Literal' && typeof node.value === 'number';

/** `function (events) { return events.length >= 10 }` as `count() >= 10`; null for any other function. */
function countsOnly({ tree }: Code): Expression | null {
  if (tree.type !== 'FunctionExpression' && tree.type !== 'ArrowFunctionExpression') return null;
  const [param] = tree.params;
  if (param?.type !== 'Identifier' || tree.params.length !== 1) return null;
  const { body } = tree;
  const only =
    body.type === 'BlockStatement' ? (body.body.length === 1 ? body.body[0]! : null) : body;
  const returned = only?.type === 'ReturnStatement' ? only.argument : only;
  return returned === null || returned === undefined
    ? null
    : countsFrom(returned as AnyNode, param.name);
}

function countsFrom(node: AnyNode, events: string): Expression | null {
  if (node.type === 'LogicalExpression' && node.operator !== '??') {
    const left = countsFrom(node.left, events);
    const right = countsFrom(node.right, events);
    return left === null || right === null ? null : { ...node, left, right };
  }
  if (
    node.type !== 'BinaryExpression' ||
    !['>', '>=', '<', '<=', '==', '===', '!=', '!=='].includes(node.operator)
  )
    return null;
  const left = isNumber(node.left as AnyNode)
    ? (node.left as Expression)
    : countFrom(node.left as AnyNode, events);
  const right = isNumber(node.right) ? node.right : countFrom(node.right, events);
  return left === null || right === null || isNumber(left) === isNumber(right)
    ? null
    : { ...node, left, right };
}

/** `events.length` or `events.filter(test).length`. */
function countFrom(node: AnyNode, events: string): Expression | null {
  if (
    node.type !== 'MemberExpression' ||
    node.computed ||
    (node.property as { readonly name: string }).name !== 'length'
  )
    return null;
  const { object } = node;
  const callee = { type: 'Identifier', name: 'count', start: node.start, end: node.end } as const;
  const call = {
    type: 'CallExpression',
    callee,
    optional: false,
    start: node.start,
    end: node.end,
  } as const;
  if (object.type === 'Identifier' && object.name === events) return { ...call, arguments: [] };
  if (
    object.type !== 'CallExpression' ||
    object.callee.type !== 'MemberExpression' ||
    object.arguments.length !== 1
  )
    return null;
  const { callee: filter } = object;
  const isFilter = filter.object.type === 'Identifier' && filter.object.name === events;
  const [test] = object.arguments;
  if (
    !isFilter ||
    (filter.property as { readonly name?: string }).name !== 'filter' ||
    filter.computed
  )
    return null;
  const isFunction =
    test!.type === 'ArrowFunctionExpression' || test!.type === 'FunctionExpression';
  return isFunction && (test as { params: unknown[] }).params.length === 1
    ? { ...call, arguments: [test!] }
    : null;
}

/** In the order of SORT BY; ties by event order, missing values last in both directions. */
function sorted(events: readonly Windowed[], sort: AggregateSyntax['sort']): unknown[] {
  const ordered = events.toSorted((a, b) => {
    for (const { field, descending } of sort) {
      const left = a.event.get(field.path) ?? null;
      const right = b.event.get(field.path) ?? null;
      if (left === null || right === null) {
        if (left !== right) return left === null ? 1 : -1;
        continue;
      }
      const order = compareParts(left, right);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return Object.freeze(ordered.map(({ event }) => event)) as unknown[];
}
