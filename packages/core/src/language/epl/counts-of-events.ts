import type {
  AnyNode,
  Expression,
  Function as FunctionNode,
  ArrowFunctionExpression,
  Node,
} from 'acorn';
import type { Code } from './syntax.ts';
import { visit } from './visit.ts';

/**
 * Of plain JavaScript `events.length` and `events.filter(test).length`, compared with a constant, mean the aggregates
 * `count()` and `count(test)`. A function that is nothing but such comparisons is read as the expression.
 */
export function countsAsAggregates(having: Code): Code {
  if (having.names !== 'function') return having;
  const { params, body } = having.tree as FunctionNode | ArrowFunctionExpression;
  const [events] = params;
  const value = returnedBy(body);
  if (events?.type !== 'Identifier' || params.length !== 1 || value === null) return having;
  const tree = conditionOf(value, events.name);
  return tree === null ? having : { ...having, names: 'aggregates', tree };
}

function returnedBy(body: Node): AnyNode | null {
  const node = body as AnyNode;
  if (node.type !== 'BlockStatement') return node;
  const [only, ...more] = node.body;
  return only?.type === 'ReturnStatement' && more.length === 0
    ? ((only.argument as AnyNode | null | undefined) ?? null)
    : null;
}

function conditionOf(node: AnyNode, events: string): Expression | null {
  if (node.type === 'LogicalExpression' && node.operator !== '??') {
    const left = conditionOf(node.left as AnyNode, events);
    const right = conditionOf(node.right as AnyNode, events);
    return left === null || right === null ? null : { ...node, left, right };
  }
  if (
    node.type !== 'BinaryExpression' ||
    !['>', '>=', '<', '<=', '==', '===', '!=', '!=='].includes(node.operator)
  )
    return null;
  const left = countOf(node.left as AnyNode, events) ?? constant(node.left as AnyNode);
  const right = countOf(node.right as AnyNode, events) ?? constant(node.right as AnyNode);
  if (left === null || right === null || (left.type === 'Literal') === (right.type === 'Literal'))
    return null;
  return { ...node, left, right };
}

const constant = (node: AnyNode): Expression | null =>
  node.type === 'Literal' && typeof node.value === 'number' ? node : null;

function countOf(node: AnyNode, events: string): Expression | null {
  if (
    node.type !== 'MemberExpression' ||
    node.computed ||
    node.property.type !== 'Identifier' ||
    node.property.name !== 'length'
  )
    return null;
  const list = node.object as AnyNode;
  if (list.type === 'Identifier' && list.name === events) return call(node, []);
  const isFilter =
    list.type === 'CallExpression' &&
    list.callee.type === 'MemberExpression' &&
    !list.callee.computed &&
    list.callee.object.type === 'Identifier' &&
    list.callee.object.name === events &&
    list.callee.property.type === 'Identifier' &&
    list.callee.property.name === 'filter' &&
    list.arguments.length === 1;
  if (!isFilter) return null;
  const [test] = list.arguments;
  const isTest =
    (test?.type === 'ArrowFunctionExpression' || test?.type === 'FunctionExpression') &&
    test.params.length === 1;
  return isTest && !readsName(test, events) ? call(node, [test]) : null;
}

function readsName(tree: Node, name: string): boolean {
  let found = false;
  visit(tree, (node) => {
    if (node.type === 'Identifier' && node.name === name) found = true;
  });
  return found;
}

function call({ start, end }: Node, values: readonly Expression[]): Expression {
  return {
    type: 'CallExpression',
    start,
    end,
    callee: { type: 'Identifier', start, end, name: 'count' },
    arguments: [...values],
    optional: false,
  } as Expression;
}
