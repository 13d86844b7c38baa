import type {
  AnyNode,
  ArrowFunctionExpression,
  Expression,
  Function as FunctionNode,
  Pattern,
} from 'acorn';
import { execute } from './statements.ts';
import { callGlobal, globalValue, isGlobal } from './globals.ts';
import { callMethod, isEventValue, NO_MATCH, readSteps, RuleCodeError } from './values.ts';

/** What stands outside all functions of a rule's code. */
export interface Outside {
  /** What a name means that nobody declared. */
  free(name: string): unknown;
  /** Calls whose values are known already: aggregates. */
  readonly values: ReadonlyMap<AnyNode, unknown>;
}

export const NOTHING_OUTSIDE: Outside = { free: () => undefined, values: new Map() };

/** Names and what they stand for, innermost first. */
export class Scope {
  readonly outside: Outside;
  readonly #names = new Map<string, unknown>();
  readonly #outer: Scope | null;
  readonly #isFunction: boolean;

  constructor(outer: Scope | Outside, isFunction = false) {
    this.#outer = outer instanceof Scope ? outer : null;
    this.outside = outer instanceof Scope ? outer.outside : outer;
    this.#isFunction = isFunction;
  }

  declare(name: string, value: unknown): void {
    this.#names.set(name, value);
  }

  /** The scope of the whole function: where `var` declares. */
  get ofFunction(): Scope {
    return this.#isFunction || this.#outer === null ? this : this.#outer.ofFunction;
  }

  has(name: string): boolean {
    return this.#names.has(name) || (this.#outer?.has(name) ?? false);
  }

  read(name: string): unknown {
    if (this.#names.has(name)) return this.#names.get(name);
    return this.#outer === null ? this.outside.free(name) : this.#outer.read(name);
  }

  write(name: string, value: unknown): void {
    if (this.#names.has(name)) this.#names.set(name, value);
    else if (this.#outer !== null) this.#outer.write(name, value);
    else throw new RuleCodeError(`${name} is not declared`);
  }
}

/** The value of an expression. Throws what the rule's code throws, and NO_MATCH. */
export function evaluate(node: AnyNode, scope: Scope): unknown {
  switch (node.type) {
    case 'Literal':
      return node.regex === undefined
        ? node.value
        : new RegExp(node.regex.pattern, node.regex.flags);
    case 'TemplateLiteral':
      return node.quasis
        .map(
          ({ value }, i) =>
            value.cooked! +
            (i < node.expressions.length ? textOf(evaluate(node.expressions[i]!, scope)) : ''),
        )
        .join('');
    case 'Identifier':
      if (scope.has(node.name) || !isGlobal(node.name)) return scope.read(node.name);
      return globalValue(node.name);
    case 'MemberExpression':
    case 'ChainExpression':
    case 'CallExpression':
      return evaluateChain(node, scope);
    case 'ArrayExpression':
      return node.elements.flatMap((element) => {
        if (element === null) return [undefined];
        if (element.type !== 'SpreadElement') return [evaluate(element, scope)];
        return [...(evaluate(element.argument, scope) as unknown[])];
      });
    case 'ObjectExpression':
      return objectFrom(node.properties, scope);
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return functionFrom(node, scope);
    case 'UnaryExpression':
      return unary(node.operator, evaluate(node.argument, scope));
    case 'BinaryExpression':
      return binary(
        node.operator,
        evaluate(node.left as Expression, scope),
        evaluate(node.right, scope),
      );
    case 'LogicalExpression': {
      const left = evaluate(node.left, scope);
      if (
        node.operator === '&&'
          ? !left
          : node.operator === '||'
            ? left
            : left !== undefined && left !== null
      )
        return left;
      return evaluate(node.right, scope);
    }
    case 'ConditionalExpression':
      return evaluate(evaluate(node.test, scope) ? node.consequent : node.alternate, scope);
    case 'SequenceExpression':
      return node.expressions.map((one) => evaluate(one, scope)).at(-1);
    case 'ParenthesizedExpression':
      return evaluate(node.expression, scope);
    case 'AssignmentExpression':
      return assign(node, scope);
    case 'UpdateExpression': {
      const before = Number(evaluate(node.argument, scope));
      const after = node.operator === '++' ? before + 1 : before - 1;
      assignTo(node.argument as Pattern, after, scope);
      return node.prefix ? after : before;
    }
    default:
      throw new RuleCodeError(`${node.type} cannot be used in a rule`);
  }
}

/** `root.a['b'][0]` and calls on it. A path is read as a whole, since an event may hold "a.b" as one flat name. */
function evaluateChain(node: AnyNode, scope: Scope): unknown {
  if (node.type === 'ChainExpression') return evaluateChain(node.expression, scope);
  if (node.type === 'CallExpression')
    return scope.outside.values.has(node)
      ? scope.outside.values.get(node)
      : evaluateCall(node, scope);
  const steps: (string | number)[] = [];
  let root: AnyNode = node;
  while (root.type === 'MemberExpression') {
    steps.unshift(stepOf(root, scope));
    root = root.object as AnyNode;
  }
  if (root.type === 'Identifier' && root.name === 'Math' && !scope.has('Math'))
    return globalValue(`Math.${steps[0]}`);
  return readSteps(evaluate(root, scope), steps);
}

function stepOf(node: AnyNode & { type: 'MemberExpression' }, scope: Scope): string | number {
  if (!node.computed) return (node.property as { readonly name: string }).name;
  const step = evaluate(node.property as Expression, scope);
  return typeof step === 'number' ? step : textOf(step);
}

function evaluateCall(node: AnyNode & { type: 'CallExpression' }, scope: Scope): unknown {
  const args = (): unknown[] =>
    node.arguments.flatMap((argument) =>
      argument.type === 'SpreadElement'
        ? [...(evaluate(argument.argument, scope) as unknown[])]
        : [evaluate(argument, scope)],
    );
  const { callee } = node;
  if (callee.type === 'MemberExpression') {
    const name = String(stepOf(callee, scope));
    const object = callee.object as AnyNode;
    if (object.type === 'Identifier' && !scope.has(object.name) && isGlobal(object.name))
      return callGlobal(`${object.name}.${name}`, args());
    const receiver = evaluate(object, scope);
    if ((receiver === undefined || receiver === null) && (callee.optional || node.optional))
      return undefined;
    if (receiver instanceof RegExp && name === 'test') return receiver.test(textOf(args()[0]));
    if (isPlainObject(receiver)) {
      const method = (receiver as { readonly [name: string]: unknown })[name];
      if (typeof method === 'function')
        return (method as (...args: unknown[]) => unknown)(...args());
    }
    return callMethod(receiver, name, args());
  }
  if (callee.type === 'Identifier' && !scope.has(callee.name) && isGlobal(callee.name))
    return callGlobal(callee.name, args());
  const called = evaluate(callee as Expression, scope);
  if (called === undefined || called === null) throw NO_MATCH;
  if (typeof called !== 'function') throw new RuleCodeError('this is not a function');
  return (called as (...args: unknown[]) => unknown)(...args());
}

const isPlainObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isEventValue(value);

function objectFrom(
  properties: (AnyNode & { type: 'ObjectExpression' })['properties'],
  scope: Scope,
): object {
  const fields: [string, unknown][] = [];
  for (const property of properties) {
    if (property.type === 'SpreadElement') {
      const spread = evaluate(property.argument, scope);
      fields.push(...Object.entries((isEventValue(spread) ? spread.whole() : spread) ?? {}));
      continue;
    }
    const { key } = property;
    const name =
      property.computed || key.type !== 'Identifier'
        ? textOf(evaluate(key as Expression, scope))
        : key.name;
    fields.push([name, evaluate(property.value, scope)]);
  }
  return Object.fromEntries(fields);
}

/** A function of the rule as one that can be called. Its scope is where it stands. */
export function functionFrom(
  node: FunctionNode | ArrowFunctionExpression,
  scope: Scope,
): (...args: unknown[]) => unknown {
  return (...args) => {
    const inner = new Scope(scope, true);
    if (node.type !== 'ArrowFunctionExpression' && node.id)
      inner.declare(node.id.name, functionFrom(node, scope));
    node.params.forEach((param, i) => {
      if (param.type === 'RestElement') bind(param.argument, args.slice(i), inner);
      else bind(param, args[i], inner);
    });
    if (node.body.type !== 'BlockStatement') return evaluate(node.body, inner);
    const done = execute(node.body, inner);
    return done?.kind === 'return' ? done.value : undefined;
  };
}

/** Declares the names of a pattern. */
export function bind(pattern: Pattern, value: unknown, scope: Scope): void {
  if (pattern.type === 'Identifier') scope.declare(pattern.name, value);
  else if (pattern.type === 'AssignmentPattern')
    bind(pattern.left, value === undefined ? evaluate(pattern.right, scope) : value, scope);
  else if (pattern.type === 'ArrayPattern')
    pattern.elements.forEach(
      (element, i) => element && bind(element, (value as unknown[] | undefined)?.[i], scope),
    );
  else if (pattern.type === 'ObjectPattern')
    for (const property of pattern.properties) {
      if (property.type === 'RestElement')
        throw new RuleCodeError('a rest of fields cannot be used in a rule');
      const { key } = property;
      const name =
        key.type === 'Identifier' && !property.computed
          ? key.name
          : textOf(evaluate(key as Expression, scope));
      bind(property.value, readSteps(value, [name]), scope);
    }
  else throw new RuleCodeError(`${pattern.type} cannot be used in a rule`);
}

function assign(node: AnyNode & { type: 'AssignmentExpression' }, scope: Scope): unknown {
  const { left, operator, right } = node;
  if (operator === '=') return assignTo(left, evaluate(right, scope), scope);
  const before = evaluate(left as Expression, scope);
  if (operator === '&&=') return before ? assignTo(left, evaluate(right, scope), scope) : before;
  if (operator === '||=') return before ? before : assignTo(left, evaluate(right, scope), scope);
  if (operator === '??=') return before ?? assignTo(left, evaluate(right, scope), scope);
  return assignTo(left, binary(operator.slice(0, -1), before, evaluate(right, scope)), scope);
}

function assignTo(target: Pattern, value: unknown, scope: Scope): unknown {
  if (target.type === 'Identifier') scope.write(target.name, value);
  else if (target.type === 'MemberExpression') {
    const object = evaluate(target.object as Expression, scope);
    if (typeof object !== 'object' || object === null || isEventValue(object))
      throw new RuleCodeError('this cannot be written to');
    (object as { [name: string]: unknown })[String(stepOf(target, scope))] = value;
  } else throw new RuleCodeError(`${target.type} cannot be assigned to`);
  return value;
}

function unary(operator: string, value: unknown): unknown {
  switch (operator) {
    case '!':
      return !value;
    case '-':
      return -numberFrom(value);
    case '+':
      return numberFrom(value);
    case '~':
      return ~numberFrom(value);
    case 'typeof':
      return typeof value;
    case 'void':
      return undefined;
    default:
      throw new RuleCodeError(`${operator} cannot be used in a rule`);
  }
}

type Primitive = string & number;

/** Values of JSON meet as JavaScript says; objects are equal to themselves only and have neither text nor number. */
function binary(operator: string, a: unknown, b: unknown): unknown {
  if (operator === '===') return a === b;
  if (operator === '!==') return a !== b;
  const isObject = (value: unknown): boolean => value !== null && typeof value === 'object';
  if (operator === '==' || operator === '!=') {
    // oxlint-disable-next-line eqeqeq
    const equal = isObject(a) || isObject(b) ? a === b : a == b;
    return equal === (operator === '==');
  }
  if (operator === 'in') {
    if (Array.isArray(b)) return Number(a) in b;
    return readSteps(b, [textOf(a)]) !== undefined;
  }
  if (isObject(a) || isObject(b)) throw new RuleCodeError(`${operator} needs text or numbers`);
  const [left, right] = [a as Primitive, b as Primitive];
  switch (operator) {
    case '+':
      return (left as number) + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '**':
      return left ** right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return left << right;
    case '>>':
      return left >> right;
    case '>>>':
      return left >>> right;
    default:
      throw new RuleCodeError(`${operator} cannot be used in a rule`);
  }
}

function numberFrom(value: unknown): number {
  if (typeof value === 'object' && value !== null)
    throw new RuleCodeError('an object is not a number');
  return Number(value);
}

function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) throw new RuleCodeError('an object is not text');
  return String(value);
}
