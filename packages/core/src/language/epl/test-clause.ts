import type { AnyNode } from 'acorn';
import type { Json } from '../../plan/json.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';
import { takeCode } from './code-text.ts';
import type { TestSyntax } from './syntax.ts';

type Fields = { readonly [name: string]: Json };

/** Events of one test; a test is an example, not a load. */
const EVENTS_MAX = 10_000;

/** What follows TEST. */
export function takeTest(cursor: Cursor, start: number): TestSyntax {
  const name = cursor.takeString('the name of the test');
  cursor.expectKeywords('EVENTS');
  const events = takeObjects(cursor, 'EVENTS');
  cursor.expectKeywords('EXPECT');
  const expect = takeExpect(cursor);
  return { span: { start, end: cursor.position }, name, events, expect };
}

function takeExpect(cursor: Cursor): TestSyntax['expect'] {
  if (cursor.takeKeywords('ALERTS'))
    return { kind: 'alerts', count: cursor.takeInteger('a number of alerts') };
  if (cursor.peekSign('[')) return { kind: 'matching', results: takeObjects(cursor, 'EXPECT') };
  return {
    kind: 'results',
    count: cursor.takeInteger('a number of results, ALERTS n, or a list of results'),
  };
}

function takeObjects(cursor: Cursor, clause: string): Fields[] {
  cursor.skipSpace();
  if (!cursor.peekSign('['))
    cursor.fail(`expected a list of objects after ${clause}`, `${clause} [ { code: 4625 } ]`);
  const { tree, span } = takeCode(cursor, 'event');
  const value = valueOf(tree as AnyNode, null);
  if (
    !Array.isArray(value) ||
    value.some((one) => typeof one !== 'object' || one === null || Array.isArray(one))
  )
    throw new ClauseProblem('E114', `${clause} takes a list of objects`, span);
  return value as Fields[];
}

const refuse = (node: AnyNode, why: string): never => {
  throw new ClauseProblem(
    'E114',
    why,
    { start: node.start, end: node.end },
    'write plain values, or ...times(3, { … })',
  );
};

/** The value of a tree of literals. Inside `times(n, …)`, `i` counts from 0. */
function valueOf(node: AnyNode, i: number | null): Json {
  switch (node.type) {
    case 'Literal':
      if (node.value === null || ['string', 'number', 'boolean'].includes(typeof node.value))
        return node.value as Json;
      return refuse(node, 'a test holds text, numbers, true, false and null');
    case 'TemplateLiteral':
      return node.quasis
        .map(
          ({ value }, part) =>
            (value.cooked ?? '') +
            (part < node.expressions.length ? textOf(valueOf(node.expressions[part]!, i)) : ''),
        )
        .join('');
    case 'ArrayExpression':
      return node.elements.flatMap((element) => elementsOf(element, node, i));
    case 'ObjectExpression':
      return objectOf(node, i);
    case 'Identifier':
      return node.name === 'i' && i !== null
        ? i
        : refuse(node, `\`${node.name}\` has no value here`);
    case 'UnaryExpression':
      if (node.operator === '-') return -numberOf(node.argument, i);
      return refuse(node, `${node.operator} cannot be used in a test`);
    case 'BinaryExpression':
      return calculate(node, i);
    default:
      return refuse(node, 'this cannot be read as a value');
  }
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function numberOf(node: AnyNode, i: number | null): number {
  const value = valueOf(node, i);
  return typeof value === 'number' ? value : refuse(node, 'a number is needed here');
}

function calculate(node: AnyNode & { type: 'BinaryExpression' }, i: number | null): number {
  const left = numberOf(node.left as AnyNode, i);
  const right = numberOf(node.right, i);
  switch (node.operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '%':
      return left % right;
    default:
      return refuse(node, `${node.operator} cannot be used in a test`);
  }
}

function elementsOf(element: AnyNode | null, list: AnyNode, i: number | null): Json[] {
  if (element === null) return refuse(list, 'an element of the list is missing');
  if (element.type !== 'SpreadElement') return [valueOf(element, i)];
  const call = element.argument;
  const isTimes =
    call.type === 'CallExpression' &&
    call.callee.type === 'Identifier' &&
    call.callee.name === 'times';
  if (!isTimes || call.arguments.length !== 2)
    return refuse(element, 'only ...times(n, value) may be spread');
  const count = numberOf(call.arguments[0]!, i);
  if (!Number.isInteger(count) || count < 0 || count > EVENTS_MAX)
    return refuse(call, `times takes a number up to ${EVENTS_MAX}`);
  return Array.from({ length: count }, (_, index) => valueOf(call.arguments[1]!, index));
}

function objectOf(node: AnyNode & { type: 'ObjectExpression' }, i: number | null): Json {
  const fields: [string, Json][] = [];
  for (const property of node.properties) {
    if (
      property.type !== 'Property' ||
      property.computed ||
      property.kind !== 'init' ||
      property.method
    )
      return refuse(property, 'a test holds plain fields');
    const { key } = property;
    const name =
      key.type === 'Identifier'
        ? key.name
        : key.type === 'Literal'
          ? String(key.value)
          : refuse(key, 'a field needs a name');
    fields.push([name, valueOf(property.value, i)]);
  }
  // fromEntries defines own properties, also one called __proto__.
  return Object.fromEntries(fields);
}
