import type { AnyNode, Pattern, Statement } from 'acorn';
import { bind, evaluate, functionFrom, Scope } from './evaluate.ts';
import { isEventValue, RuleCodeError } from './values.ts';

/** How a statement ended, if not by coming to its end. */
export type Ended =
  | { readonly kind: 'return'; readonly value: unknown }
  | { readonly kind: 'break' | 'continue' }
  | null;

/** Runs a statement. */
export function execute(node: Statement, scope: Scope): Ended {
  switch (node.type) {
    case 'BlockStatement': {
      const inner = new Scope(scope);
      for (const statement of node.body)
        if (statement.type === 'FunctionDeclaration')
          inner.declare(statement.id.name, functionFrom(statement, inner));
      for (const statement of node.body) {
        const ended = execute(statement, inner);
        if (ended !== null) return ended;
      }
      return null;
    }
    case 'EmptyStatement':
    case 'FunctionDeclaration':
      return null;
    case 'ExpressionStatement':
      evaluate(node.expression, scope);
      return null;
    case 'VariableDeclaration':
      for (const { id, init } of node.declarations) {
        const target = node.kind === 'var' ? scope.ofFunction : scope;
        if (init) bind(id, evaluate(init, scope), target);
        else if (node.kind !== 'var' || !target.has((id as { readonly name: string }).name))
          bind(id, undefined, target);
      }
      return null;
    case 'ReturnStatement':
      return { kind: 'return', value: node.argument ? evaluate(node.argument, scope) : undefined };
    case 'IfStatement':
      if (evaluate(node.test, scope)) return execute(node.consequent, scope);
      return node.alternate ? execute(node.alternate, scope) : null;
    case 'BreakStatement':
      return { kind: 'break' };
    case 'ContinueStatement':
      return { kind: 'continue' };
    case 'WhileStatement':
      return loop(
        () => Boolean(evaluate(node.test, scope)),
        () => execute(node.body, scope),
        () => {},
      );
    case 'DoWhileStatement': {
      let isFirst = true;
      const again = (): boolean =>
        isFirst ? !(isFirst = false) : Boolean(evaluate(node.test, scope));
      return loop(
        again,
        () => execute(node.body, scope),
        () => {},
      );
    }
    case 'ForStatement':
      return executeFor(node, scope);
    case 'ForOfStatement':
      return executeEach(node, iterated(evaluate(node.right, scope)), scope);
    case 'ForInStatement':
      return executeEach(node, namesOf(evaluate(node.right, scope)), scope);
    default:
      throw new RuleCodeError(`${node.type} cannot be used in a rule`);
  }
}

function loop(again: () => boolean, body: () => Ended, step: () => void): Ended {
  for (; again(); step()) {
    const ended = body();
    if (ended?.kind === 'return') return ended;
    if (ended?.kind === 'break') return null;
  }
  return null;
}

function executeFor(node: AnyNode & { type: 'ForStatement' }, scope: Scope): Ended {
  const inner = new Scope(scope);
  if (node.init?.type === 'VariableDeclaration') execute(node.init, inner);
  else if (node.init) evaluate(node.init, inner);
  return loop(
    () => !node.test || Boolean(evaluate(node.test, inner)),
    () => execute(node.body, inner),
    () => node.update && evaluate(node.update, inner),
  );
}

function executeEach(
  node: AnyNode & { type: 'ForOfStatement' | 'ForInStatement' },
  elements: readonly unknown[],
  scope: Scope,
): Ended {
  for (const element of elements) {
    const inner = new Scope(scope);
    const { left } = node;
    if (left.type === 'VariableDeclaration') bind(left.declarations[0]!.id, element, inner);
    else inner.write((left as Pattern & { type: 'Identifier' }).name, element);
    const ended = execute(node.body, inner);
    if (ended?.kind === 'return') return ended;
    if (ended?.kind === 'break') return null;
  }
  return null;
}

function iterated(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [...value];
  throw new RuleCodeError('this is not a list');
}

function namesOf(value: unknown): readonly string[] {
  const object = isEventValue(value) ? value.whole() : value;
  return typeof object === 'object' && object !== null ? Object.keys(object) : [];
}
