import type {
  AnyNode,
  ArrowFunctionExpression,
  Function as FunctionNode,
  Node,
  Pattern,
} from 'acorn';
import { callingMethods } from '../../functions/methods.ts';
import { globalNames } from '../../functions/rule-library.ts';
import { visit } from '../epl/visit.ts';
import { stringText } from './print-code.ts';

export const JAVASCRIPT_WORLD = new Set([
  'globalThis',
  'window',
  'global',
  'process',
  'require',
  'module',
  'exports',
  'Function',
  'eval',
  'Symbol',
  'Proxy',
  'Reflect',
  'Date',
  'Promise',
  'fetch',
  'console',
  'setTimeout',
  'setInterval',
  'WebAssembly',
  'Buffer',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'Error',
  'RegExp',
  'BigInt',
]);

export const isFunction = (node: Node): node is FunctionNode | ArrowFunctionExpression =>
  node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';

export const templateText = (text: string): string =>
  stringText(text).slice(1, -1).replace(/\\"/g, '"').replace(/`/g, '\\`').replace(/\$\{/g, '\\${');

export function hasOptional(node: AnyNode): boolean {
  let found = false;
  for (
    let at: AnyNode = node;
    at.type === 'MemberExpression' || at.type === 'CallExpression';
    at = (at.type === 'MemberExpression' ? at.object : at.callee) as AnyNode
  )
    if (at.optional) found = true;
  return found;
}

/** The name that a member expression reads, if it is known now. Numbers are elements of lists, not names. */
export function staticName(node: AnyNode & { type: 'MemberExpression' }): string | null {
  const { property, computed } = node;
  if (!computed) return property.type === 'Identifier' ? property.name : null;
  if (property.type === 'Literal' && typeof property.value === 'string') return property.value;
  const isPlainTemplate = property.type === 'TemplateLiteral' && property.expressions.length === 0;
  return isPlainTemplate ? (property.quasis[0]?.value.cooked ?? null) : null;
}

export function staticKey(node: AnyNode): string | null {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'Literal' &&
    (typeof node.value === 'string' || typeof node.value === 'number')
    ? String(node.value)
    : null;
}

export function namesIn(node: AnyNode | Pattern): string[] {
  switch (node.type) {
    case 'Identifier':
      return [node.name];
    case 'AssignmentPattern':
      return namesIn(node.left);
    case 'RestElement':
      return namesIn(node.argument);
    case 'ArrayPattern':
      return node.elements.flatMap((element) => (element === null ? [] : namesIn(element)));
    case 'ObjectPattern':
      return node.properties.flatMap((property) =>
        property.type === 'RestElement' ? namesIn(property.argument) : namesIn(property.value),
      );
    default:
      return [];
  }
}

/** Names that anything is assigned to, anywhere: a name that is not among them keeps what it was declared with. */
export function assignedNames(tree: Node): ReadonlySet<string> {
  const names = new Set<string>();
  visit(tree, (node) => {
    if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier')
      names.add(node.left.name);
    if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier')
      names.add(node.argument.name);
    if (
      (node.type === 'ForOfStatement' || node.type === 'ForInStatement') &&
      node.left.type === 'Identifier'
    )
      names.add(node.left.name);
  });
  return names;
}

/** Visits a function's body without the functions inside it. */
export function visitOwn(body: Node, see: (node: AnyNode) => void): void {
  const waiting: AnyNode[] = [body as AnyNode];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    see(node);
    for (const value of Object.values(node) as unknown[])
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        const inner = child as AnyNode | null;
        if (
          typeof inner === 'object' &&
          inner !== null &&
          typeof inner.type === 'string' &&
          'start' in inner &&
          !isFunction(inner) &&
          (inner as Node).type !== 'FunctionDeclaration'
        )
          waiting.push(inner);
      }
  }
}

/** Names that anything in a tree is declared with. */
export function declaredNames(tree: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (node: AnyNode | Pattern): void => namesIn(node).forEach((name) => names.add(name));
  visit(tree, (node) => {
    switch (node.type) {
      case 'VariableDeclarator':
        return add(node.id);
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (node.type !== 'ArrowFunctionExpression' && node.id) names.add(node.id.name);
        return node.params.forEach(add);
      default:
    }
  });
  return names;
}

/** Does a function's own body call functions that may be the rule's? Those that are `declared` may be, whatever their names. */
export function callsFunctions(
  node: FunctionNode | ArrowFunctionExpression,
  declared: ReadonlySet<string>,
): boolean {
  let found = false;
  for (const part of [...node.params, node.body])
    visitOwn(part, (inner) => {
      if (inner.type !== 'CallExpression') return;
      const callee = inner.callee as AnyNode;
      if (callee.type !== 'MemberExpression')
        found ||=
          callee.type !== 'Identifier' ||
          !globalNames.has(callee.name) ||
          declared.has(callee.name);
      else {
        const name = staticName(callee);
        // `toJSON` of a value is called too.
        found ||= name === null || callingMethods.has(name) || name === 'stringify';
      }
    });
  return found;
}

/** Does a name stand anywhere in a tree? */
export function mentions(tree: Node, name: string): boolean {
  let found = false;
  visit(tree, (node) => {
    if (node.type === 'Identifier' && node.name === name) found = true;
  });
  return found;
}
