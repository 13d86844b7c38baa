import type { AnyNode, Node } from 'acorn';
import { visit } from '../epl/visit.ts';
import { namesIn } from './tree-names.ts';

const SCALAR_OPERATORS: ReadonlySet<string> = new Set(
  '== != === !== < > <= >= - * / % ** & | ^ << >> >>> in'.split(' '),
);

/**
 * Names that hold a number, true, false, null or undefined wherever they occur, whoever declares them: all that is ever
 * assigned to them is such a value. Names of parameters, of functions and of what patterns take are not among them, nor
 * are those that are `taken`: they mean something without being declared.
 */
export function scalarNames(tree: Node, taken: readonly string[]): ReadonlySet<string> {
  const values = new Map<string, (AnyNode | null)[]>();
  const others = new Set<string>(taken);
  const give = (target: AnyNode, value: AnyNode | null): void => {
    if (target.type !== 'Identifier') for (const name of namesIn(target)) others.add(name);
    else values.set(target.name, [...(values.get(target.name) ?? []), value]);
  };
  visit(tree, (node) => collect(node as AnyNode, give, others));
  const scalars = new Set([...values.keys()].filter((name) => !others.has(name)));
  for (const name of ['undefined', 'NaN', 'Infinity'])
    if (!values.has(name) && !others.has(name)) scalars.add(name);
  // What is assumed of all is taken back until nothing speaks against the rest.
  for (let isStable = false; !isStable;) {
    isStable = true;
    for (const name of scalars)
      if (!(values.get(name) ?? []).every((value) => value === null || isScalar(value, scalars))) {
        scalars.delete(name);
        isStable = false;
      }
  }
  return scalars;
}

function collect(
  node: AnyNode,
  give: (target: AnyNode, value: AnyNode | null) => void,
  others: Set<string>,
): void {
  switch (node.type) {
    case 'VariableDeclarator':
      return give(node.id as AnyNode, (node.init as AnyNode | null | undefined) ?? null);
    case 'AssignmentExpression':
      return give(node.left as AnyNode, assigned(node));
    case 'ForOfStatement':
    case 'ForInStatement': {
      const { left } = node;
      for (const target of left.type === 'VariableDeclaration'
        ? left.declarations.map(({ id }) => id)
        : [left])
        for (const name of namesIn(target as AnyNode)) others.add(name);
      return;
    }
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      if (node.type !== 'ArrowFunctionExpression' && node.id) others.add(node.id.name);
      for (const param of node.params) for (const name of namesIn(param)) others.add(name);
      return;
    default:
  }
}

/** `x += v` gives what `x + v` is. */
function assigned(node: AnyNode & { type: 'AssignmentExpression' }): AnyNode {
  const { left, right, start, end } = node;
  const operator = node.operator.slice(0, -1);
  if (operator === '') return right as AnyNode;
  const isLogical = operator === '&&' || operator === '||' || operator === '??';
  const type = isLogical ? 'LogicalExpression' : 'BinaryExpression';
  return { type, operator, left, right, start, end } as unknown as AnyNode;
}

function isScalar(node: AnyNode, scalars: ReadonlySet<string>): boolean {
  switch (node.type) {
    case 'Literal':
      return node.value === null
        ? !node.regex
        : typeof node.value === 'number' || typeof node.value === 'boolean';
    case 'Identifier':
      return scalars.has(node.name);
    case 'UnaryExpression':
      return node.operator !== 'typeof';
    case 'UpdateExpression':
      return true;
    case 'BinaryExpression':
      if (SCALAR_OPERATORS.has(node.operator)) return true;
      return isScalar(node.left as AnyNode, scalars) && isScalar(node.right as AnyNode, scalars);
    case 'LogicalExpression':
      return isScalar(node.left as AnyNode, scalars) && isScalar(node.right as AnyNode, scalars);
    case 'ConditionalExpression':
      return (
        isScalar(node.consequent as AnyNode, scalars) &&
        isScalar(node.alternate as AnyNode, scalars)
      );
    case 'AssignmentExpression':
      return isScalar(assigned(node), scalars);
    default:
      return false;
  }
}
